// A reader of the whole server: asks over HTTP, and gets what a scripted provider let the model say as events.
import { expect } from 'vitest'
import { type Patience, openGenerator } from '../../models/generator.ts'
import { openTestApp, type TestApp, type TestLibrary } from './app.ts'
import type { Provider } from './provider.ts'
import { readEvents, terminal, type WireAnswer, type WireEvent } from './wire.ts'

export const QUESTION = 'How does Stripe rate limit requests?'

/** As in production, but nobody waits long: a first word after 1 s (2 s of thinking) is late, and a pause of 0.5 s is a stall. */
export const impatient: Patience = {
  waits: { firstMs: 1_000, idleMs: 500, textMs: 2_000, wholeMs: 10_000, tailMs: 60 },
  delays: { retries: 2, firstMs: 2, longestMs: 400 },
  limits: { failures: 5, pauseMs: 80, longestPauseMs: 80, quotaPauseMs: 60_000 },
}

type Money = { readonly limitUsd?: number | null; readonly price?: { inputUsd: number; outputUsd: number } | null }

/** An app whose model is the provider's, wired as server/open.ts does it. Cheap: one per test, or many. */
export function openReading(
  library: TestLibrary,
  provider: Provider,
  { limitUsd = null, price = { inputUsd: 0.4, outputUsd: 1.6 } }: Money = {},
  patience: Patience = impatient,
): TestApp {
  const { spending } = library.store
  const reports: unknown[] = []
  const generator = openGenerator(
    { apiKey: 'sk-secret', baseUrl: provider.baseUrl, chatModel: 'test-model', price },
    { limitUsd, library: 'main', spending, report: (_, error) => reports.push(error) },
    patience,
  )
  return openTestApp(library, { generator })
}

export type Reading = { readonly events: WireEvent[]; readonly answer: WireAnswer; readonly ms: number }

/** Asks, and checks what is promised whatever happens: one last event, and the texts sent are the answer's. */
export async function read(app: TestApp, question = QUESTION, fresh = false): Promise<Reading> {
  const began = performance.now()
  const events = await readEvents(await app.post('/v1/ask', { question, stream: true, fresh }))
  const ms = performance.now() - began
  expect(events.map(({ type }) => terminal.includes(type))).toEqual(events.map((_, at) => at === events.length - 1))
  expect(events.at(-1)?.type).toBe('done')
  const { answer } = events.at(-1)!.body
  expect(events.flatMap(({ type, body }) => (type === 'text' ? [body.delta] : [])).join('')).toBe(answer.answer)
  expect(answer.answer).not.toBe('')
  expect(answer.citations.every(({ quote }) => quote !== '')).toBe(true)
  return { events, answer, ms }
}
