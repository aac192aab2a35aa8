// A few timed events, bounded, for looking at proxies.
import { describe, expect, it } from 'vitest'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp } from '../../support/app.ts'
import { emptyStore } from '../../support/fake-store.ts'

const app = openTestApp({ store: emptyStore(), embedder: fakeEmbedder(), folder: '' })

describe('GET /v1/ping/events', () => {
  it('streams so many events, so far apart, and says under which name it was asked', async () => {
    const began = performance.now()
    const response = await app.get('/v1/ping/events?count=3&every_ms=50', { headers: { host: 'ask.example.com' } })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    const events = (await response.text()).trim().split('\n\n')
    // Timers may fire a millisecond early.
    expect(performance.now() - began).toBeGreaterThanOrEqual(98)
    expect(events.map((event) => JSON.parse(/^event: ping\ndata: (.*)$/.exec(event)![1]!) as object)).toEqual([
      { n: 1, of: 3, ms: expect.any(Number) as number, host: 'ask.example.com' },
      { n: 2, of: 3, ms: expect.any(Number) as number },
      { n: 3, of: 3, ms: expect.any(Number) as number },
    ])
  })

  const refused: [query: string, said: RegExp][] = [
    ['count=11', /^count: must be a whole number from 1 to 10/],
    ['count=0', /^count: /],
    ['count=1.5', /^count: /],
    ['every_ms=5001&count=1', /^every_ms: must be a whole number from 0 to 5000/],
    ['count=10&every_ms=1000', /^every_ms: must be so small that the events end within 5000 ms/],
    ['n=3', /^n: is not a known field/],
  ]
  it.each(refused)('refuses ?%s', async (query, said) => {
    const response = await app.get(`/v1/ping/events?${query}`)
    expect([response.status, await response.json()]).toMatchObject([
      422,
      { title: expect.stringMatching(said) as string },
    ])
  })

  it('ends when its reader leaves', async () => {
    const response = await app.get('/v1/ping/events?count=2&every_ms=5000')
    const reader = response.body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"n":1')
    const waiting = reader.read()
    await reader.cancel()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })
})
