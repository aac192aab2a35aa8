// Answers that no request asks for: they have no quota, and wait for a place as every question does.
import type { Limiter, Traffic } from '../../core/limits.ts'
import type { Question } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import type { Limits } from './limits.ts'
import { working } from './work.ts'

type Live = Pick<LiveAnswers, 'start' | 'follow'>
type Shed = (limiter: Limiter, traffic: Traffic) => void

/** Resolves when the answer has begun. Throws LimitError, and the reason of the signal. */
export function startingInTurn(live: Live, limits: Limits, shed: Shed) {
  return async (question: Question, signal: AbortSignal): Promise<void> => {
    const asking = { library: question.library, key: null, traffic: 'question' } as const
    const { worked } = await limits.admit(asking, (limiter) => shed(limiter, 'question'), signal)
    await working(worked, async () => {
      live.start(question)
      await begun(question, live, signal)
    })
  }
}

/** From then on the answer weighs by itself. */
async function begun({ library, id }: Question, live: Live, signal: AbortSignal): Promise<void> {
  const events = (await live.follow(library, id, 0, signal))?.[Symbol.asyncIterator]()
  await events?.next()
  await events?.return?.()
}
