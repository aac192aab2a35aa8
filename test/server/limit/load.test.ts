import { describe, expect, it } from 'vitest'
import { openLearned, openLoad } from '../../../server/limit/load.ts'
import { simulate } from '../../support/simulated-load.ts'

const all = ['question', 'search', 'history', 'evaluation', 'ingest'] as const
const seeds = [1, 2, 3, 4, 5]

describe('what a worker can bear', () => {
  it.each(seeds)('is not reached at 0.8 of it: nothing is refused (%i)', (seed) => {
    const { refused } = simulate({ load: 0.8, seconds: 120, seed })
    expect(all.map(refused)).toEqual([0, 0, 0, 0, 0])
  })

  it.each(seeds)(
    'is not reached when it is held up for a second now and then: whoever comes then waits (%i)',
    (seed) => {
      const { refused } = simulate({ load: 0.7, seconds: 120, seed, heldUpMs: 1_000 })
      expect(all.map(refused)).toEqual([0, 0, 0, 0, 0])
    },
  )

  it.each(seeds)('goes to questions at twice as much, and evaluation and ingest go first (%i)', (seed) => {
    const { refused, tookMs, used } = simulate({ load: 2, seconds: 120, seed })
    expect(refused('question')).toBe(0)
    expect(tookMs('question', 99)).toBeLessThan(500)
    expect(refused('ingest')).toBeGreaterThan(0.9)
    expect(refused('evaluation')).toBeGreaterThan(0.9)
    expect(refused('search')).toBeLessThan(refused('ingest'))
    expect(used).toBeGreaterThan(0.85)
  })

  it('is used at four times as much: work that is done late is not work', () => {
    expect(simulate({ load: 4, seconds: 120, seed: 1 }).used).toBeGreaterThan(0.85)
  })
})

describe('what may be under way', () => {
  it('is what is finished in 0.3 s of a queue that stays, and again what it was when that is gone', () => {
    const learned = openLearned()
    expect(learned.most()).toBeCloseTo(32)
    for (let n = 0; n < 200; n++) learned.look(900, 60)
    expect(learned.most()).toBeCloseTo(18, 0)
    for (let n = 0; n < 200; n++) learned.look(900, 5)
    expect(learned.most()).toBe(8)
    for (let n = 0; n < 1_000; n++) learned.look(0, 5)
    expect(learned.most()).toBeCloseTo(32, 0)
  })

  it('is not changed by waiting when one look in five finds nobody waiting', () => {
    const learned = openLearned()
    for (let n = 0; n < 100; n++) learned.look(n % 5 === 0 ? 10 : 5_000, 60)
    expect(learned.most()).toBeCloseTo(32)
  })
})

const hangs = async () => await new Promise<never>(() => {})
const { signal } = new AbortController()

/** A time that passes as fast as it is waited for. */
function clock() {
  let now = 0
  const pause = async (ms: number) => {
    await new Promise((resolve) => setImmediate(resolve))
    now += ms
  }
  return { now: () => now, pause }
}

/** How many may be under way after four seconds of questions that are done at once. */
async function placesAfter(probe: () => Promise<void>): Promise<number> {
  const { now, pause } = clock()
  const load = openLoad({ probe, now, pause })
  while (now() < 4_000) {
    const worked = await load.enter('question', signal)
    if (typeof worked !== 'string') worked()
    await new Promise((resolve) => setImmediate(resolve))
  }
  let places = 0
  for (let n = 0; n < 200; n++) void load.enter('question', signal).then(() => places++)
  await new Promise((resolve) => setImmediate(resolve))
  return places
}

describe('the load of a process', () => {
  it('takes on two hundred questions that come at once before anything was learned, and does them in turn', async () => {
    const load = openLoad({ probe: async () => {} })
    let [underWay, most, done] = [0, 0, 0]
    const one = async () => {
      const worked = await load.enter('question', signal)
      if (typeof worked === 'string') return
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 5))
      underWay--
      worked()
      done++
    }
    await Promise.all(Array.from({ length: 200 }, one))
    expect([done, most]).toEqual([200, 32])
  })

  it('sends them away when nothing is done for twenty seconds', async () => {
    const { now, pause } = clock()
    const load = openLoad({ probe: hangs, now, pause })
    const told: [unknown, number][] = []
    for (let n = 0; n < 200; n++) void load.enter('question', signal).then((entered) => told.push([entered, now()]))
    await expect.poll(() => told.length).toBe(200)
    const away = told.filter(([entered]) => entered === 'load')
    expect(away.length).toBe(168)
    expect(Math.min(...away.map(([, at]) => at))).toBeGreaterThan(20_000)
    expect(Math.max(...away.map(([, at]) => at))).toBeLessThan(20_300)
  })

  it('gives a place back once, however often that is said', async () => {
    const load = openLoad({ probe: hangs })
    const left = await load.enter('question', signal)
    for (let n = 0; n < 300; n++) if (typeof left !== 'string') left()
    let places = 0
    for (let n = 0; n < 200; n++) void load.enter('question', signal).then(() => places++)
    await new Promise((resolve) => setImmediate(resolve))
    expect(places).toBe(32)
  })

  it('gives the place in the queue of whoever leaves to the next one', async () => {
    const load = openLoad({ probe: hangs })
    const inside = await Promise.all(Array.from({ length: 32 }, async () => await load.enter('question', signal)))
    const leaving = new AbortController()
    const [first, second] = [load.enter('question', leaving.signal), load.enter('question', signal)]
    leaving.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    const [worked] = inside
    if (typeof worked !== 'string') worked?.()
    expect(await second).toBeTypeOf('function')
  })

  it('finds a queue by asking as everybody does, before there is an answer, and none where nobody answers', async () => {
    expect(await placesAfter(async () => {})).toBe(32)
    expect(await placesAfter(hangs)).toBe(8)
    expect(await placesAfter(async () => await Promise.reject(new Error('away')))).toBe(32)
  })

  it('asks nothing of a database when nobody asks anything of it', async () => {
    let probes = 0
    const { now, pause } = clock()
    const load = openLoad({ probe: async () => void probes++, now, pause })
    void load.enter('question', signal)
    await expect.poll(() => now()).toBeGreaterThanOrEqual(2_000)
    const asked = probes
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([asked, probes]).toEqual([20, 20])
  })
})
