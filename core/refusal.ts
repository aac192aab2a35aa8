// What a refusal says, in the same words on every surface.
import type { Answer } from './types.ts'

const reasons: Readonly<Record<string, string>> = {
  'empty-library': 'The library holds no text to search yet.',
  'nothing-relevant': 'The library does not hold an answer to this.',
  'partly-covered': 'The library touches on this, but does not answer it.',
  'model-declined': 'The passages found do not answer this.',
  'nothing-supported': 'Nothing in the library backs what the model wrote: it is no answer.',
}

const WORDS_ONLY = 'The embedder did not answer: passages were found by their words alone.'

/** One sentence, or null when meaning was compared as well. */
export function searchedOf(wordsOnly: true | undefined): string | null {
  return wordsOnly ? WORDS_ONLY : null
}

/** One or two sentences. A reason that is not known is told as nothing found. */
export function refusalOf({ reason, missing }: { readonly reason: string | null } & Pick<Answer, 'missing'>): string {
  const sentence = reasons[reason ?? ''] ?? 'The library does not hold an answer to this.'
  const lack = lackOf(missing) ?? (reason === 'partly-covered' ? 'What you name is in it, but not together.' : null)
  return lack === null ? sentence : `${sentence} ${lack}`
}

/** What was asked and is not answered, under an answer of a part too; null when nothing is to be named. */
export function lackOf(missing: readonly string[]): string | null {
  return missing.length === 0 ? null : `Nothing is said of: ${missing.join(', ')}.`
}

const fallbacks: Readonly<Record<string, string>> = {
  'model-unavailable': 'The model did not answer: these are verbatim extracts.',
  'budget-spent': 'The budget of the day is spent: these are verbatim extracts.',
  'model-cut-off': 'The model was cut off before the end of its answer.',
}

/** One sentence, or null when the answer is what was asked for. */
export function fallbackOf(fallback: string | null): string | null {
  return fallback && (fallbacks[fallback] ?? `The answer fell back: ${fallback}.`)
}

/** What stands under an answer that is not all that was asked for. */
export function notesOf({
  fallback,
  missing,
  wordsOnly,
}: Pick<Answer, 'fallback' | 'missing' | 'wordsOnly'>): string[] {
  return [fallbackOf(fallback), searchedOf(wordsOnly), lackOf(missing)].filter((note) => note !== null)
}
