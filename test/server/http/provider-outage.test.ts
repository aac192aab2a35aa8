// A provider that is down for everybody: every reader is served, it is hardly asked, and it is found again when it is back.
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import { impatient, openReading, QUESTION, read } from '../../support/asking.ts'
import { completion, failure, openProvider, type Provider, streamOf } from '../../support/provider.ts'
import { isThorough } from '../../support/thorough.ts'

const QUESTIONS = isThorough ? 200 : 40
const whole = streamOf(completion(['Stripe runs four limiters in production [1].']))
const down = failure(503, { code: 'server_is_overloaded' })

let library: TestLibrary
let provider: Provider

beforeAll(async () => {
  library = await openTestLibrary()
})

beforeEach(async () => {
  provider = await openProvider()
})

afterEach(() => provider[Symbol.asyncDispose]())

/** Asks all of them, so many at once, and counts the answers of each kind. */
async function readMany(app: TestApp, atOnce: number): Promise<Record<string, number>> {
  const modes: Record<string, number> = {}
  let left = QUESTIONS
  const reader = async () => {
    while (left-- > 0) {
      const { answer } = await read(app, QUESTION, true)
      modes[answer.mode] = (modes[answer.mode] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, reader))
  return modes
}

function pause(): void {
  vi.setSystemTime(Date.now() + impatient.limits!.pauseMs)
}

async function leftAlone(): Promise<TestApp> {
  provider.play([down])
  const app = openReading(library, provider)
  await read(app)
  await read(app)
  expect(provider.requests.length).toBe(5)
  return app
}

describe('a full outage', () => {
  it.each([
    ['one after the other', 1],
    ['twenty at once', 20],
    ['all at once', QUESTIONS],
  ])(
    'gives every reader extracts, %s, for at most 1.1 calls a question',
    async (_how, atOnce) => {
      provider.play([down])
      expect(await readMany(openReading(library, provider), atOnce)).toEqual({ extractive: QUESTIONS })
      expect(provider.requests.length / QUESTIONS).toBeLessThanOrEqual(1.1)
      // Not one call each either, once the first ones have failed: probes come every 80 ms.
      if (atOnce === 1) expect(provider.requests.length).toBeLessThan(QUESTIONS)
    },
    60_000,
  )

  it('of half of the calls is retried for a tenth of them, and ten at once', async () => {
    provider.play((_, index) => (index % 2 === 0 ? down : whole))
    const { generative = 0 } = await readMany(openReading(library, provider), 4)
    expect(generative).toBeGreaterThanOrEqual(QUESTIONS / 2 - 5)
    expect(provider.requests.length - QUESTIONS).toBeLessThanOrEqual(10 + provider.requests.length / 10)
  }, 60_000)
})

describe('a provider that is left alone', () => {
  // The breaker's clock alone stands still, so that no pause ends by itself on a slow machine.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('is not asked until the pause is over', async () => {
    const app = await leftAlone()
    provider.play([whole])
    expect((await read(app)).answer.fallback).toBe('model-unavailable')
    expect(provider.requests.length).toBe(5)
  })

  it('writes the answers again after one probe that works', async () => {
    const app = await leftAlone()
    provider.play([whole])
    pause()
    for (let asked = 0; asked < 3; asked++)
      expect((await read(app)).answer).toMatchObject({ mode: 'generative', fallback: null })
    expect(provider.requests.length).toBe(8)
  })

  it('is left alone again after one probe that fails', async () => {
    const app = await leftAlone()
    pause()
    for (let asked = 0; asked < 3; asked++) expect((await read(app)).answer.mode).toBe('extractive')
    expect(provider.requests.length).toBe(6)
  })

  it('keeps nobody waiting but the reader of its probe', async () => {
    const app = await leftAlone()
    provider.play([streamOf([], 'silent')])
    pause()
    let isProbing = true
    const probe = read(app, QUESTION, true).finally(() => (isProbing = false))
    while (provider.requests.length < 6) await new Promise((resolve) => setTimeout(resolve, 5))
    const other = await read(app)
    expect(other.answer.mode).toBe('extractive')
    expect(isProbing).toBe(true)
    expect((await probe).answer.mode).toBe('extractive')
    expect(provider.requests.length).toBe(6)
  })
})
