// When a provider is left alone, for how long, and what ends it; and how many retries a number of calls pays for.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ModelError, type ModelErrorCode } from '../../core/errors.ts'
import { type Breaker, openBreaker } from '../../models/breaker.ts'

const limits = { failures: 5, pauseMs: 40, longestPauseMs: 120, quotaPauseMs: 400 }

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())
const wait = (ms: number) => vi.setSystemTime(Date.now() + ms)

/** Makes so many calls that end like this; how many of them reached the provider. */
async function reached(breaker: Breaker, times: number, error: unknown = null): Promise<number> {
  let calls = 0
  for (let made = 0; made < times; made++) {
    const call = async () => {
      calls++
      if (error) throw error
    }
    await breaker.call(call).catch(() => {})
  }
  return calls
}

const fault = (code: ModelErrorCode, retryAfterMs = 0) => new ModelError(code, 'x', { retryAfterMs })

function retriesOf(breaker: Breaker): number {
  return Array.from({ length: 50 }, () => breaker.mayRetry()).filter(Boolean).length
}

describe('a provider', () => {
  it.each<[ModelErrorCode, number]>([
    ['model-unavailable', 5],
    ['model-timeout', 5],
    ['model-rate-limited', 5],
    ['model-cut-off', 5],
    ['model-bad-output', 5],
    ['model-quota-spent', 1],
    ['model-refused', 20],
    ['model-context-too-long', 20],
    ['model-budget-spent', 20],
  ])('that fails with %s for ever is called %i times of 20', async (code, calls) => {
    expect(await reached(openBreaker(limits), 20, fault(code))).toBe(calls)
  })

  it('that works in between is never left alone', async () => {
    const breaker = openBreaker(limits)
    for (let round = 0; round < 5; round++) {
      expect(await reached(breaker, 4, fault('model-unavailable'))).toBe(4)
      expect(await reached(breaker, 1)).toBe(1)
    }
  })

  it('is not blamed for readers who leave, nor for bugs of ours', async () => {
    const breaker = openBreaker(limits)
    expect(await reached(breaker, 10, new DOMException('left', 'AbortError'))).toBe(10)
    expect(await reached(breaker, 10, new TypeError('x'))).toBe(10)
  })
})

describe('a provider that is left alone', () => {
  it('is named with what it failed with last, and not retried', async () => {
    const breaker = openBreaker(limits)
    const last = fault('model-unavailable')
    await reached(breaker, 5, last)
    const refused = breaker.call(async () => {})
    await expect(refused).rejects.toMatchObject({ code: 'model-unavailable', retryable: false, cause: last })
    expect(breaker.mayRetry()).toBe(false)
  })

  it('gets one probe after each pause, and the pauses double up to the longest', async () => {
    const breaker = openBreaker(limits)
    await reached(breaker, 5, fault('model-unavailable'))
    for (const pauseMs of [40, 80, 120, 120]) {
      wait(pauseMs / 2)
      expect(await reached(breaker, 3, fault('model-unavailable')), `too early for ${pauseMs} ms`).toBe(0)
      wait(pauseMs / 2 + 10)
      expect(await reached(breaker, 3, fault('model-unavailable')), `probe after ${pauseMs} ms`).toBe(1)
    }
  })

  it('is left alone as long as it asked for, up to the longest', async () => {
    const breaker = openBreaker(limits)
    await reached(breaker, 5, fault('model-rate-limited', 90))
    wait(60)
    expect(await reached(breaker, 1)).toBe(0)
    wait(40)
    expect(await reached(breaker, 1)).toBe(1)
  })

  it('for a spent quota is left alone for longer', async () => {
    const breaker = openBreaker(limits)
    await reached(breaker, 1, fault('model-quota-spent'))
    wait(150)
    expect(await reached(breaker, 1)).toBe(0)
  })

  it.each([
    ['answers', null, 3],
    ['refuses what it was asked', fault('model-refused'), 3],
    ['fails', fault('model-timeout'), 1],
    ['is left by its reader', new DOMException('left', 'AbortError'), 1],
    ['is not paid for', fault('model-budget-spent'), 1],
  ])('whose probe %s is called so many times of three', async (_how, error, calls) => {
    const breaker = openBreaker(limits)
    await reached(breaker, 5, fault('model-unavailable'))
    wait(50)
    expect(await reached(breaker, 3, error)).toBe(calls)
  })

  it('refuses everybody else at once while a probe is under way', async () => {
    const breaker = openBreaker(limits)
    await reached(breaker, 5, fault('model-unavailable'))
    wait(50)
    const { promise, resolve } = Promise.withResolvers<void>()
    const probe = breaker.call(async () => await promise)
    await expect(breaker.call(async () => {})).rejects.toMatchObject({ code: 'model-unavailable' })
    resolve()
    await probe
    expect(await reached(breaker, 1)).toBe(1)
  })
})

describe('retries', () => {
  it('are ten at first, and then one for ten calls', async () => {
    const breaker = openBreaker(limits)
    expect(retriesOf(breaker)).toBe(10)
    await reached(breaker, 31)
    expect(retriesOf(breaker)).toBe(3)
  })

  it('are not saved up beyond ten', async () => {
    const breaker = openBreaker(limits)
    await reached(breaker, 500)
    expect(retriesOf(breaker)).toBe(10)
  })
})
