// A question on its way between a surface and the answers under way.
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

it('a question whose reader has left before it was read is not asked', async () => {
  const asked: string[] = []
  const live: LiveAnswers = {
    start: ({ id }) => void asked.push(id),
    follow: async () => playing({ type: 'text', delta: 'x' }),
    log: () => Promise.resolve(null),
    stop: () => true,
    stopConversation: async () => {},
    drain: async () => {},
  }
  const left = new Error('left')
  await expect(ask(question, live, AbortSignal.abort(left))).rejects.toBe(left)
  expect(asked).toEqual([])
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
