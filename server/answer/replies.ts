// Replies that are kept: the same words are not paid for twice. What is kept is what the model wrote, by the hash of
// all that it was sent, and not the answer made of it: retrieval, quotes and verdicts are new each time.
import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Generator, GeneratorEvent, Message } from '../../core/ports.ts'
import type { Question } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'

/** Where the text of an answer comes from: the model, or a reply of its that was kept. */
export type Source = {
  readonly events: AsyncIterable<GeneratorEvent>
  readonly isKept: boolean
  /** Keeps what was read from it, for the next who asks the same. Nobody waits for that; what fails is reported. */
  readonly keep: () => void
}

type Asked = Pick<AnswerDeps, 'replies' | 'report'> & { readonly generator: Generator }

export async function openSource(
  messages: readonly Message[],
  { library, fresh = false }: Pick<Question, 'library' | 'fresh'>,
  { generator, replies, report }: Asked,
  signal: AbortSignal,
): Promise<Source> {
  if (!replies) return { events: generator.stream(messages, signal), isKept: false, keep: () => {} }
  const key = keyOf(generator, messages)
  // To remember is a favour: a database that fails at it alone costs a call, never the answer.
  const failed = (error: unknown) => {
    report('the kept replies could not be reached', error)
    return null
  }
  const kept = fresh ? null : await before(signal, replies.find(library, key).catch(failed))
  if (kept !== null) return { events: told(kept), isKept: true, keep: () => {} }
  const heard: string[] = []
  return {
    events: overheard(generator.stream(messages, signal), heard),
    isKept: false,
    keep: () => void replies.keep(library, key, heard.join('')).catch(failed),
  }
}

function keyOf({ model }: Generator, messages: readonly Message[]): string {
  return createHash('sha256')
    .update(JSON.stringify([model, messages]))
    .digest('hex')
}

async function* told(reply: string): AsyncGenerator<GeneratorEvent> {
  await nextTurn()
  yield { type: 'text', delta: reply }
  yield { type: 'finish', reason: 'stop', inputTokens: 0, outputTokens: 0 }
}

async function* overheard(events: AsyncIterable<GeneratorEvent>, heard: string[]): AsyncGenerator<GeneratorEvent> {
  for await (const event of events) {
    if (event.type === 'text') heard.push(event.delta)
    yield event
  }
}

/** A reader who leaves does not wait for the database. */
async function before<Result>(signal: AbortSignal, wanted: Promise<Result>): Promise<Result> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  signal.throwIfAborted()
  return await Promise.race([wanted, stopped]).finally(() => signal.removeEventListener('abort', stop))
}
