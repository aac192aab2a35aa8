import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { StoredEvent } from '../../../core/types.ts'
import { eventText, sseResponse, toSse } from '../../../server/http/events.ts'
import { parseEvents } from '../../support/wire.ts'

const text = (seq: number, delta: string): StoredEvent => ({ seq, event: { type: 'text', delta } })

async function* silentBetween(ms: number): AsyncGenerator<StoredEvent> {
  yield text(1, 'a')
  await wait(ms)
  yield text(2, 'b')
}

async function* failing(later = true): AsyncGenerator<StoredEvent> {
  yield text(1, 'a')
  if (later) await wait(1)
  throw new Error('the database is gone')
}

describe('an event as text', () => {
  it('is one frame, whatever its words are', () => {
    const delta = 'a\nb\r\n\r\ndata: x\u2028y\ud800\u0000'
    expect(parseEvents(eventText(text(7, delta)))).toEqual([{ id: 7, type: 'text', body: { delta } }])
  })
})

describe('a stream of events', () => {
  it('keeps a silent connection alive with comments', async () => {
    const body = await sseResponse(
      toSse(silentBetween(120)),
      () => {},
      () => {},
      20,
    ).text()
    expect(body.match(/^: still here$/gm)!.length).toBeGreaterThanOrEqual(3)
    expect(parseEvents(body).map(({ id }) => id)).toEqual([1, 2])
  })

  it('is made for no cache and no buffer', () => {
    const { headers } = sseResponse(toSse(silentBetween(0)), () => {})
    expect([headers.get('cache-control'), headers.get('x-accel-buffering')]).toEqual(['no-store', 'no'])
  })

  it('hears of a reader who leaves once, also in a silence', async () => {
    let left = 0
    const reader = sseResponse(
      toSse(silentBetween(60)),
      () => left++,
      () => {},
      5,
    ).body!.getReader()
    await reader.read()
    await reader.cancel()
    await wait(100)
    expect(left).toBe(1)
  })

  it('reads on only as fast as it is read', async () => {
    let made = 0
    async function* many(): AsyncGenerator<StoredEvent> {
      while (made < 1_000) yield text(++made, 'x')
    }
    const reader = sseResponse(toSse(many()), () => {}).body!.getReader()
    await reader.read()
    await wait(20)
    expect(made).toBeLessThan(5)
    await reader.cancel()
  })

  it('leaves no timer behind, also when its events fail', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await expect(sseResponse(toSse(failing(false)), () => {}).text()).rejects.toThrow()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('breaks off without a terminal event when the events fail, so that the reader resumes', async () => {
    await expect(sseResponse(toSse(failing()), () => {}).text()).rejects.toThrow()
  })
})
