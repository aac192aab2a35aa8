import { describe, expect, it } from 'vitest'
import type { Traffic } from '../../../core/limits.ts'
import { hasPlace, openLearned, openLoad } from '../../../server/limit/load.ts'

/** A worker of one piece of work after another, in a time of its own, which is looked at every 100 ms as the real one is. */
function simulated(load: number, seconds: number, seed: number) {
  const kinds = [
    { traffic: 'question', share: 0.35, ms: 5 },
    { traffic: 'search', share: 0.25, ms: 3 },
    { traffic: 'history', share: 0.2, ms: 1 },
    { traffic: 'evaluation', share: 0.1, ms: 5 },
    { traffic: 'ingest', share: 0.1, ms: 10 },
  ] as const
  const draw = drawn(seed)
  const everyMs = kinds.reduce((sum, { share, ms }) => sum + share * ms, 0) / load
  const learned = openLearned()
  const tiers = { question: 2, search: 1, history: 1, evaluation: 0, ingest: 0 } as const
  const tally = new Map<Traffic, { asked: number; done: number }>()
  const ends: { at: number; tier: 0 | 1 | 2 }[] = []
  const underWay = [0, 0, 0]
  let [freeAt, lookAt, finished, worked] = [0, 100, 0, 0]
  for (let now = 0; now < seconds * 1_000; now -= Math.log(draw()) * everyMs) {
    for (; ends.length > 0 && ends[0]!.at <= now; finished++) underWay[ends.shift()!.tier]!--
    for (; lookAt <= now; lookAt += 100, finished = 0) learned.look(Math.max(0, freeAt - lookAt), finished * 10)
    let left = draw()
    const kind = kinds.find(({ share }) => (left -= share) < 0) ?? kinds[0]
    const { asked, done } = tally.get(kind.traffic) ?? { asked: 0, done: 0 }
    const tier = tiers[kind.traffic]
    const isIn = hasPlace(underWay, tier, learned.most()) && draw() >= learned.dropped(tier)
    tally.set(kind.traffic, { asked: asked + 1, done: done + (isIn ? 1 : 0) })
    // A refusal is not free either.
    freeAt = Math.max(freeAt, now) + (isIn ? kind.ms * (0.7 + 0.6 * draw()) : 0.15)
    if (isIn) {
      ends.push({ at: freeAt, tier })
      underWay[tier]!++
    }
    if (isIn && freeAt - now < 1_000) worked += kind.ms
  }
  const rate = (traffic: Traffic) => (tally.get(traffic)?.done ?? 0) / (tally.get(traffic)?.asked ?? 1)
  return { rate, used: worked / (seconds * 1_000) }
}

function drawn(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return (state + 1) / (2 ** 32 + 1)
  }
}

describe('what a worker can bear', () => {
  it.each([1, 2, 3, 4, 5])(
    'is not reached at 0.75 of it: all but a thousandth of what can wait is taken on (%i)',
    (seed) => {
      const { rate } = simulated(0.75, 120, seed)
      for (const traffic of ['question', 'search', 'history'] as const) expect(rate(traffic)).toBe(1)
      for (const traffic of ['evaluation', 'ingest'] as const) expect(rate(traffic)).toBeGreaterThan(0.998)
    },
  )

  it.each([1, 2, 3, 4, 5])('goes to questions at twice as much, and evaluation and ingest go first (%i)', (seed) => {
    const { rate, used } = simulated(2, 120, seed)
    expect(rate('question')).toBeGreaterThanOrEqual(0.999)
    expect(rate('ingest')).toBeLessThan(0.1)
    expect(rate('evaluation')).toBeLessThan(0.1)
    expect(rate('search')).toBeGreaterThan(rate('ingest'))
    expect(used).toBeGreaterThan(0.85)
  })

  it('is used at four times as much: work that is done late is not work', () => {
    expect(simulated(4, 120, 1).used).toBeGreaterThan(0.85)
  })
})

describe('a queue that stays', () => {
  it('costs evaluation and ingest their place within a second, then searches and histories, and questions never', () => {
    const learned = openLearned()
    const dropped = () => [0, 1, 2].map((tier) => learned.dropped(tier))
    const look = (times: number, waitMs: number) => {
      for (let n = 0; n < times; n++) learned.look(waitMs, 60)
    }
    look(4, 900)
    expect(dropped()).toEqual([0, 0, 0])
    look(6, 900)
    expect(dropped()).toEqual([1, expect.closeTo(0.05), 0])
    look(10, 900)
    expect(dropped()).toEqual([1, 1, 0])
    look(20, 0)
    expect(dropped()).toEqual([expect.closeTo(1), 0, 0])
    look(21, 0)
    expect(dropped()).toEqual([0, 0, 0])
  })

  it('is none when one look in five finds nobody waiting', () => {
    const learned = openLearned()
    for (let n = 0; n < 100; n++) learned.look(n % 5 === 0 ? 10 : 5_000, 60)
    expect(learned.dropped(0)).toBe(0)
  })

  it('tells how much can be under way: what is finished in 0.85 s, and again what it was when it is gone', () => {
    const learned = openLearned()
    expect(learned.most()).toBeCloseTo(96)
    for (let n = 0; n < 200; n++) learned.look(900, 60)
    expect(learned.most()).toBeCloseTo(51, 0)
    for (let n = 0; n < 200; n++) learned.look(900, 5)
    expect(learned.most()).toBe(8)
    for (let n = 0; n < 1_000; n++) learned.look(0, 5)
    expect(learned.most()).toBeCloseTo(96, 0)
  })
})

const hangs = async () => await new Promise<never>(() => {})
const isIn = (entered: unknown) => typeof entered !== 'string'

const probing = async (probe: () => Promise<void>) => {
  let now = 0
  const pause = async (ms: number) => {
    now += ms
    await new Promise((resolve) => setImmediate(resolve))
  }
  const load = openLoad({ probe, now: () => now, pause })
  for (let n = 0; n < 40; n++) {
    const worked = load.enter('question')
    if (typeof worked !== 'string') worked()
    await pause(50)
  }
  return [isIn(load.enter('ingest')), isIn(load.enter('question'))]
}

describe('the load of a process', () => {
  it('keeps the last quarter of all places for questions, and gives few to what can wait', () => {
    const load = openLoad({ probe: hangs })
    const fill = (traffic: Traffic) => {
      for (let n = 0; ; n++) {
        const entered = load.enter(traffic)
        if (!isIn(entered)) return [n, entered]
      }
    }
    expect(fill('ingest')).toEqual([8, 'reserve'])
    expect(fill('evaluation')).toEqual([0, 'reserve'])
    expect(fill('search')).toEqual([64, 'reserve'])
    expect(fill('question')).toEqual([24, 'load'])
  })

  it('has a place for a question when others have more than theirs, because fewer can be done by now', () => {
    expect(hasPlace([30, 30, 0], 2, 20)).toBe(true)
    expect(hasPlace([30, 30, 4], 2, 20)).toBe(true)
    expect(hasPlace([30, 30, 5], 2, 20)).toBe(false)
    expect(hasPlace([30, 0, 0], 1, 20)).toBe(true)
    expect(hasPlace([0, 0, 15], 1, 20)).toBe(false)
  })

  it('gives a place back once, however often that is said', () => {
    const load = openLoad({ probe: hangs })
    const left = load.enter('question')
    for (let n = 0; n < 300; n++) if (typeof left !== 'string') left()
    let places = 0
    while (isIn(load.enter('question'))) places++
    expect(places).toBe(96)
  })

  it('finds a queue by asking as everybody does, before there is an answer, and none where nobody answers', async () => {
    expect(await probing(async () => {})).toEqual([true, true])
    expect(await probing(hangs)).toEqual([false, true])
    expect(await probing(async () => await Promise.reject(new Error('away')))).toEqual([true, true])
  })

  it('asks nothing of a database when nobody asks anything of it', async () => {
    let now = 0
    let probes = 0
    const load = openLoad({
      probe: async () => void probes++,
      now: () => now,
      pause: async (ms) => {
        now += ms
        await new Promise((resolve) => setImmediate(resolve))
      },
    })
    load.enter('question')
    await expect.poll(() => now).toBeGreaterThanOrEqual(2_000)
    const asked = probes
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([asked, probes]).toEqual([20, 20])
  })
})
