// The answers that run in this process say that they do, so that no other takes them for dead.
import type { AnswerStore } from '../../core/ports.ts'

type HeartDeps = {
  readonly answers: Pick<AnswerStore, 'renew'>
  readonly report: (message: string, error: unknown) => void
  /** after how long a silence an answer is given up; 0: there is nobody to give it up */
  readonly silentMs: number
}

// So many beats, but one, may be missed, while the database is slow or gone, before an answer is given up.
const BEATS = 6

/** One statement at a time says of all answers here that they are under way, however silent their models are. */
export function openHeart(
  running: ReadonlyMap<string, { readonly library: string }>,
  { answers, report, silentMs }: HeartDeps,
) {
  let timer: NodeJS.Timeout | undefined
  const renew = () => {
    const all = Array.from(running, ([id, { library }]) => ({ library, id }))
    answers.renew(all).catch((error: unknown) => report('answers under way could not be kept alive', error))
  }
  return {
    beat: () => {
      if (silentMs > 0) timer ??= setInterval(renew, silentMs / BEATS).unref()
    },
    rest: () => {
      clearInterval(timer)
      timer = undefined
    },
  }
}
