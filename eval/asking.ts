// Cases → results, several at a time: from the cache where they are kept, else asked of what is judged.
import { AppError } from '../core/errors.ts'
import { askedOf, type Result } from './asked.ts'
import type { Cache, Kept } from './cache.ts'
import { outcomeOf, type Shelf } from './outcome.ts'
import type { Progress } from './progress.ts'
import type { Case } from './questions.ts'
import { type Asked, outcomeShape, type TimesMs } from './record.ts'
import type { Transcript } from './run.ts'

/** What is judged: the pipeline in this process, or a server. */
export type Surface = {
  readonly ask: (test: Case, signal: AbortSignal) => Promise<Transcript>
  readonly shelf: Shelf
}

export type Asking = {
  /** called when the first question is not in the cache: learning a library takes longer than reading what is kept */
  readonly open: () => Promise<Surface>
  readonly cache: Cache
  readonly keyOf: (test: Case) => string
  readonly parallel: number
  readonly progress: Progress
}

export type Results = { readonly questions: Asked[]; readonly timingsMs: Record<string, TimesMs> }

/** In the order of the cases, however many are asked at once. What was answered before the signal is kept. */
export async function askAll(cases: readonly Case[], asking: Asking, signal: AbortSignal): Promise<Results> {
  const questions: Asked[] = []
  const times: (TimesMs | null)[] = []
  const left = cases.entries()
  const opened = once(asking.open)
  const askNext = async () => {
    for (const [at, test] of left) {
      signal.throwIfAborted()
      const { timesMs, ...result } = await resultOf(test, asking, opened, signal)
      questions[at] = askedOf(test, result)
      times[at] = timesMs
    }
  }
  await Promise.all(Array.from({ length: asking.parallel }, askNext))
  const timed = cases.flatMap(({ id }, at) => (times[at] ? [[id, times[at]] as const] : []))
  return { questions, timingsMs: Object.fromEntries(timed) }
}

/** A failure is told by its reason and asked again next time: neither kept nor a wrong answer. */
async function resultOf(
  test: Case,
  { cache, keyOf, progress }: Asking,
  opened: Asking['open'],
  signal: AbortSignal,
): Promise<Result & { readonly timesMs: TimesMs | null }> {
  const key = keyOf(test)
  const kept = await cache.find(key)
  if (kept) {
    progress.step(true)
    return { ...kept, fault: null }
  }
  const surface = await opened()
  try {
    const answered = await answerOf(test, surface, signal)
    await cache.keep(key, answered)
    return { ...answered, fault: null }
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error
    return { outcome: null, fault: error.message, timesMs: null }
  } finally {
    progress.step(false)
  }
}

async function answerOf(test: Case, { ask, shelf }: Surface, signal: AbortSignal): Promise<Kept> {
  const transcript = await ask(test, signal)
  const { retrieve, firstText, total } = transcript.answer.timingsMs
  // In the order of the shape, as it is when read back: the same answer is the same bytes, kept or new.
  const outcome = outcomeShape.parse(await outcomeOf(transcript, shelf, signal))
  return { outcome, timesMs: { retrieve, firstText, total } }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return async () => await (made ??= make())
}
