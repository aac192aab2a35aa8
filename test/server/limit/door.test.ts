import { describe, expect, it } from 'vitest'
import { hasPlace, openDoor, type Tier } from '../../../server/limit/door.ts'

/** A door with so many places, and what it has told, in order. */
function watched(most: number) {
  const told: string[] = []
  const door = openDoor(() => most)
  const knock = (tier: Tier, now: number, name: string) =>
    door.knock(tier, now, (refusal) => told.push(`${name} ${refusal ?? 'in'}`))
  return { door, told, knock }
}

describe('places', () => {
  it('are kept for questions to the last quarter, and few go to what can wait', () => {
    const { told, knock } = watched(96)
    for (const [tier, name] of [
      [0, 'ingest'],
      [1, 'search'],
      [2, 'question'],
    ] as const)
      for (let n = 0; n < 200; n++) knock(tier, 0, name)
    const count = (line: string) => told.filter((each) => each === line).length
    expect([count('ingest in'), count('search in'), count('question in')]).toEqual([8, 64, 24])
    expect(told).toHaveLength(96)
  })

  it('are there for a question when others have more than theirs, because fewer can be done by now', () => {
    expect(hasPlace([30, 30, 0], 2, 20)).toBe(true)
    expect(hasPlace([30, 30, 4], 2, 20)).toBe(true)
    expect(hasPlace([30, 30, 5], 2, 20)).toBe(false)
    expect(hasPlace([30, 0, 0], 1, 20)).toBe(true)
    expect(hasPlace([0, 0, 15], 1, 20)).toBe(false)
  })
})

describe('the queue at the door', () => {
  it('lets questions in before searches, and those before what can wait, each in the order of arrival', () => {
    const { door, told, knock } = watched(4)
    for (let n = 0; n < 4; n++) knock(2, 0, 'first')
    told.length = 0
    knock(0, 1, 'ingest')
    knock(1, 2, 'search')
    knock(2, 3, 'a')
    knock(2, 4, 'b')
    for (let n = 0; n < 6; n++) door.leave(2, 10)
    expect(told).toEqual(['a in', 'b in', 'search in', 'ingest in'])
  })

  it('has long patience with a burst', () => {
    const { door, told, knock } = watched(1)
    knock(2, 0, 'first')
    for (let n = 0; n < 200; n++) knock(2, 0, 'next')
    door.look(19_900)
    expect(told).toEqual(['first in'])
  })

  it('has little patience with a queue that has stayed, until it was empty again', () => {
    const { door, told, knock } = watched(1)
    knock(2, 0, 'first')
    for (let now = 0; now <= 20_000; now += 100) knock(2, now, String(now))
    door.look(20_100)
    expect(told).toHaveLength(1 + 196)
    expect(told.at(-1)).toBe('19500 load')
    for (let n = 0; n < 5; n++) door.leave(2, 20_200)
    told.length = 0
    knock(2, 20_300, 'later')
    door.look(40_000)
    expect(told).toEqual([])
  })

  it('has an end', () => {
    const { told, knock } = watched(1)
    for (let n = 0; n < 300; n++) knock(2, 0, 'one')
    expect(told).toEqual(['one in', ...Array.from({ length: 300 - 1 - 256 }, () => 'one load')])
  })

  it('says whether there was no place at all, or one that is kept for others', () => {
    const { door, told, knock } = watched(10)
    for (let n = 0; n < 8; n++) knock(1, 0, 'search')
    knock(1, 0, 'late')
    told.length = 0
    door.look(21_000)
    expect(told).toEqual(['late reserve'])
    for (let n = 0; n < 2; n++) knock(2, 22_000, 'question')
    knock(1, 22_000, 'late')
    told.length = 0
    door.look(43_000)
    expect(told).toEqual(['late load'])
  })
})
