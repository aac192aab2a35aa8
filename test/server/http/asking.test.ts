// A question on its way between a surface and the answers under way.
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { AnswerEvent, StoredEvent } from '../../../core/types.ts'
import type { LiveAnswers } from '../../../server/answer/live.ts'
import { ask, begun, finished, toError } from '../../../server/http/asking.ts'
import { openAiErrorResponse, problemResponse } from '../../../server/http/failure.ts'
import { question } from '../../support/fake-store.ts'

async function* playing(event: AnswerEvent): AsyncGenerator<StoredEvent> {
  yield { seq: 1, event }
}

const errorEvent = (code: string, retryAfterMs?: number): AnswerEvent => ({
  type: 'error',
  code,
  retryable: true,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})

/** An answer of these events, and what was asked of it. */
function playingLive(events: () => AsyncIterable<StoredEvent>) {
  const asked: string[] = []
  const stopped: string[] = []
  const live: LiveAnswers = {
    start: ({ id }) => void asked.push(id),
    follow: async () => events(),
    log: () => Promise.resolve(null),
    stop: (_library, id) => stopped.push(id) > 0,
    stopConversation: async () => {},
    drain: async () => {},
  }
  return { live, asked, stopped }
}

async function* words(): AsyncGenerator<StoredEvent> {
  for (let seq = 1; seq < 9; seq++) yield { seq, event: { type: 'text', delta: 'x' } }
  yield { seq: 9, event: errorEvent('internal') }
}

const fault = () => playing(errorEvent('internal'))

it('a question whose reader has left before it was read is not asked', async () => {
  const { live, asked } = playingLive(words)
  const left = new Error('left')
  await expect(ask(question, live, AbortSignal.abort(left))).rejects.toBe(left)
  expect(asked).toEqual([])
})

it('a question whose reader leaves as it is asked is stopped', async () => {
  const { live, stopped } = playingLive(words)
  const leaving = new AbortController()
  const asking = ask(question, live, leaving.signal)
  leaving.abort()
  await asking
  expect(stopped).toEqual(['ans_1'])
})

it.each<[string, (events: AsyncIterable<StoredEvent>) => Promise<unknown>]>([
  ['was read to its end', async (events) => await finished(events).catch(() => {})],
  ['failed before it began', async () => {}],
  [
    'was left',
    async (events) => {
      for await (const { seq } of events) if (seq === 3) break
    },
  ],
])('an answer that %s leaves nothing at the signal of its request', async (name, read) => {
  const { live, stopped } = playingLive(name.startsWith('failed') ? fault : words)
  const leaving = new AbortController()
  const listeners = () => getEventListeners(leaving.signal, 'abort').length
  const { events } = await ask(question, live, leaving.signal)
  expect(listeners()).toBe(1)
  await begun(events).then(read, () => {})
  expect(listeners()).toBe(0)
  leaving.abort()
  expect(stopped).toEqual([])
})

describe('an answer that ends in an error', () => {
  it.each([
    ['store-unavailable', undefined, 503, '1'],
    ['store-answer-ended', undefined, 503, '1'],
    ['interrupted', undefined, 503, '1'],
    ['model-timeout', undefined, 502, null],
    ['model-rate-limited', 2_400, 502, '3'],
  ])('%s (%s ms) is the status %d, to be tried again after %s s', async (code, afterMs, status, seconds) => {
    const thrown = await begun(playing(errorEvent(code, afterMs))).catch((fault: unknown) => fault)
    expect(thrown).toMatchObject({ code, retryable: true })
    await expect(finished(playing(errorEvent(code, afterMs)))).rejects.toMatchObject({ code, retryable: true })
    for (const response of [problemResponse(thrown), openAiErrorResponse(thrown)])
      expect([response.status, response.headers.get('retry-after')]).toEqual([status, seconds])
  })

  it('that is no retryable one is a fault of the server', () => {
    const fault = toError({ type: 'error', code: 'bad-prompt', retryable: false })
    expect(problemResponse(fault).status).toBe(500)
  })
})
