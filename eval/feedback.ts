// npm run eval -- from-feedback: what readers disliked becomes cases, and stays one until it comes out right.
import { InputError } from '../core/errors.ts'
import type { Learn, Options } from './command.ts'
import { check } from './feedback/check.ts'
import { collect, type Get } from './feedback/collect.ts'
import { readText } from './questions.ts'

/** Stored answers, wherever they are. */
export type Answers = { readonly get: Get; readonly close: () => Promise<void> }

type Deps = { readonly learn: Learn; readonly open: () => Promise<Answers> }

/** Lines for stdout, and the exit code. */
export async function fromFeedback(
  options: Options,
  { learn, open }: Deps,
  signal: AbortSignal,
): Promise<readonly [lines: string[], exitCode: number]> {
  const { cases = 'eval/cases/feedback.jsonl', library = 'library', date = today() } = options
  if (options.check) {
    if (options.url || options.database)
      throw new InputError('usage', '--check asks the pipeline over --library: it takes no --url and no --database.')
    if (!/^\d{4}-\d\d-\d\d$/.test(date))
      throw new InputError('usage', `--date is ${JSON.stringify(date)}: give a day as 2026-12-31.`)
    // A file that nobody has begun holds no case; one that was named is there.
    if (options.cases) await readText(options.cases)
    return await check({ cases, library }, date, learn, signal)
  }
  const { get, close } = await open()
  try {
    return [await collect({ cases, library }, get, signal), 0]
  } finally {
    await close()
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
