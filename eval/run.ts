// Cases × the real pipeline → transcripts: the same function that every surface calls.
import { AppError } from '../core/errors.ts'
import { type Answer, isTerminal, type Passage } from '../core/types.ts'
import { type AnswerDeps, answer, newAnswerId } from '../server/answer/answer.ts'
import type { Case } from './questions.ts'

export type Transcript = {
  readonly test: Case
  readonly answer: Answer
  /** what the answer was made from, or would have been: on abstention the nearest passages */
  readonly passages: readonly Passage[]
}

export async function runCase(test: Case, library: string, deps: AnswerDeps, signal: AbortSignal): Promise<Transcript> {
  const id = newAnswerId()
  const question = {
    id,
    text: test.question,
    library,
    conversationId: id,
    history: test.history,
    mode: 'auto',
  } as const
  for await (const event of answer(question, deps, signal)) {
    if (!isTerminal(event)) continue
    if (!('answer' in event))
      throw new AppError(
        'eval-failed',
        `${test.id}: the answer failed (${event.type === 'error' ? event.code : event.type}).`,
      )
    const { answer: final } = event
    return { test, answer: final, passages: final.status === 'abstained' ? final.nearest : final.passages }
  }
  throw new AppError('eval-failed', `${test.id}: no terminal event.`)
}
