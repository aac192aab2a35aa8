// Two processes over one store: a reader of the one follows what the other makes, and never ends it while it is made.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Answering, AnswerStore } from '../../../core/ports.ts'
import { type LiveAnswers, liveAnswers } from '../../../server/answer/live.ts'
import { openStore } from '../../../store/open.ts'
import { openTestDatabase } from '../../support/database.ts'
import { question } from '../../support/fake-store.ts'
import { space } from '../../support/store-documents.ts'

// The silence of the model is four times what a process may be silent for.
const SILENT_MS = 500

const slow: Answering = async function* ({ id, conversationId }, signal) {
  yield { type: 'started', id, conversationId, mode: 'generative' }
  await wait(4 * SILENT_MS, undefined, { signal })
  yield { type: 'text', delta: 'At last.' }
  yield { type: 'error', code: 'internal', retryable: false }
}

const stuck: Answering = async function* ({ id, conversationId }, signal) {
  yield { type: 'started', id, conversationId, mode: 'generative' }
  await wait(60_000, undefined, { signal })
}

async function codesOf(live: LiveAnswers): Promise<string[]> {
  const events = (await live.follow('main', 'ans_1', 0, new AbortController().signal))!
  return await Array.fromAsync(events, ({ event }) => ('code' in event ? event.code : event.type))
}

/** What a reader of another process sees of an answer, and how many statements kept it alive. */
async function readElsewhere(answers: AnswerStore, answering: Answering) {
  let renewals = 0
  const reports: unknown[] = []
  const report = (_message: string, error: unknown) => reports.push(error)
  const renew: AnswerStore['renew'] = async (running) => {
    renewals++
    await answers.renew(running)
  }
  const owner = liveAnswers({ answers: { ...answers, renew }, answering, report, silentMs: SILENT_MS })
  const other = liveAnswers({ answers, answering, report, silentMs: SILENT_MS })
  owner.start(question)
  while (!(await answers.events('main', 'ans_1', 0))?.length) await wait(5)
  const owned = codesOf(owner)
  const seen = await codesOf(other)
  await owner.drain(0)
  expect(await owned).toEqual(seen)
  const made = renewals
  await wait(SILENT_MS / 2)
  expect(renewals).toBe(made)
  return { seen, renewals, reports }
}

describe('an answer of another process', () => {
  it('that is silent for long is waited for', async () => {
    await using database = await openTestDatabase()
    const { answers } = await openStore(database, 'main', space)
    const { seen, renewals, reports } = await readElsewhere(answers, slow)
    expect(seen).toEqual(['started', 'text', 'internal'])
    expect(renewals).toBeGreaterThan(10)
    expect(reports).toEqual([])
  })

  it('that cannot say any more that it is alive is closed, and its process hears of it', async () => {
    await using database = await openTestDatabase()
    const { answers } = await openStore(database, 'main', space)
    const { seen } = await readElsewhere({ ...answers, renew: async () => {} }, stuck)
    expect(seen).toEqual(['started', 'interrupted'])
  })
})
