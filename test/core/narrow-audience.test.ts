import fc from 'fast-check'
import { expect, it } from 'vitest'
import { narrowAudience } from '../../core/audience.ts'

const names = fc.uniqueArray(fc.constantFrom('ops', 'staff', 'finance', 'sales'))
const mayRead = (reader: readonly string[], audience: readonly string[]) =>
  audience.length === 0 || audience.some((name) => reader.includes(name))

it('never opens a document to a reader whom one of its two limits keeps out', () => {
  fc.assert(
    fc.property(names, names, names, (own, its, reader) => {
      const both = narrowAudience(own, its)
      if (both === null || !mayRead(reader, both)) return
      expect([mayRead(reader, own), mayRead(reader, its)]).toEqual([true, true])
    }),
  )
})

it('keeps the one limit there is, and is for nobody where two have no name in common', () => {
  expect(narrowAudience([], [])).toEqual([])
  expect(narrowAudience(['ops'], [])).toEqual(['ops'])
  expect(narrowAudience([], ['staff'])).toEqual(['staff'])
  expect(narrowAudience(['ops', 'staff'], ['staff', 'sales'])).toEqual(['staff'])
  expect(narrowAudience(['ops'], ['staff'])).toBeNull()
})
