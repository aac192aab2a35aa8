// Cases × the real pipeline → transcripts: the same function that every surface calls.
import { AppError } from '../core/errors.ts'
import { type Answer, isTerminal, type Passage } from '../core/types.ts'
import { type AnswerDeps, answer, newAnswerId } from '../server/answer/answer.ts'
import type { Steps } from '../server/answer/steps.ts'
import type { Case } from './questions.ts'

/** What is judged of an answer, whichever way it came. */
export type Told = Pick<
  Answer,
  'query' | 'status' | 'reason' | 'mode' | 'missing' | 'answer' | 'statements' | 'citations' | 'usage' | 'timingsMs'
>

export type Transcript = {
  readonly test: Case
  readonly answer: Told
  /** what the answer was made from, or would have been */
  readonly passages: readonly Passage[]
  /** of the evidence step: the estimated probability that the library answers the question */
  readonly confidence: number | null
  /** of a refusal not all passages are known, only the five best */
  readonly isCut?: true
}

/** Throws AppError when there is no answer, which is an outage and not a wrong answer. */
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
  const { seen, steps } = overheard(deps.steps)
  for await (const event of answer(question, { ...deps, steps }, signal)) {
    if (!isTerminal(event)) continue
    // Half an answer is none: whoever ended it is told so.
    signal.throwIfAborted()
    if (!('answer' in event))
      throw new AppError(
        'eval-failed',
        `${test.id}: the answer failed (${event.type === 'error' ? event.code : event.type}).`,
      )
    return { test, answer: event.answer, ...seen() }
  }
  throw new AppError('eval-failed', `${test.id}: no terminal event.`)
}

/** The evidence step knows what no answer carries: how sure it was, and of which passages, refused or not. */
function overheard(steps: Steps) {
  let seen: Pick<Transcript, 'passages' | 'confidence'> = { passages: [], confidence: null }
  const weigh: Steps['weigh'] = (found, passages, ...rest) => {
    const evidence = steps.weigh(found, passages, ...rest)
    seen = { passages, confidence: evidence.confidence }
    return evidence
  }
  return { seen: () => seen, steps: { ...steps, weigh } }
}
