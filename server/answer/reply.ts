// A short reply of a model, read whole: in time, ended by the model itself, no longer than was asked for. Or an error.
import { ModelError } from '../../core/errors.ts'
import type { Generator, GeneratorEvent, Message } from '../../core/ports.ts'

export type ReplyLimits = { readonly deadlineMs: number; readonly longest: number }

type Ended = Exclude<GeneratorEvent, { type: 'text' }>

/** `spend` learns what the call has cost, also when nothing came of it. Throws ModelError, or the signal's reason. */
export async function replyOf(
  generator: Generator,
  messages: readonly Message[],
  { deadlineMs, longest }: ReplyLimits,
  spend: (usage: Ended) => void,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted()
  const tooLong = new AbortController()
  const over = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs), tooLong.signal])
  const read = async () => {
    let text = ''
    for await (const event of generator.stream(messages, over)) {
      if (event.type !== 'text') spend(event)
      if (event.type === 'finish' && event.reason === 'stop') return text
      if (event.type === 'text') text += event.delta
      // Cancelled and not just left: a call that is cancelled still tells what it has cost.
      if (text.length > longest) tooLong.abort(unread('is longer than was asked for'))
    }
    throw unread('was not ended')
  }
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  over.addEventListener('abort', () => reject(over.reason as Error), { once: true })
  // A model that does not listen to its signal is left all the same.
  return await Promise.race([read(), stopped])
}

function unread(what: string): ModelError {
  return new ModelError('model-bad-output', `The reply of the model ${what}.`)
}

/** As a JSON string: neither words of a model nor of a document can end it. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}
