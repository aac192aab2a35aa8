import { expect, it } from 'vitest'
import { checkWalls } from '../../../cli/doctor/walls.ts'

it('walls are fine where the server steps down, and worth a look where it owns the tables that they stand around', () => {
  const levels = (['role', 'owner'] as const).map((held) => checkWalls({ user: 'me', held, damaged: [] }).level)
  expect(levels).toEqual(['fine', 'look'])
})

it('a table without its wall must be changed, and is named', () => {
  expect(checkWalls({ user: 'me', held: 'role', damaged: ['answers'] })).toMatchObject({
    level: 'wrong',
    found: 'tables that do not keep libraries apart: answers',
  })
})
