// A short reply of a model, read whole: in time, ended by the model itself, no longer than was asked for. Or an error.
import { ModelError } from '../../core/errors.ts'
import type { Generator, Message } from '../../core/ports.ts'
import type { Receipt } from './draft.ts'

export type ReplyLimits = { readonly deadlineMs: number; readonly longest: number }

/** A prompt of which the slots are filled. */
type Letter = { readonly name: string; readonly hash: string; readonly messages: readonly Message[] }

/** `receipt`: what the call has cost, and that it was made, also when nothing came of it. Throws ModelError, or the signal's reason. */
export async function replyOf(
  generator: Generator,
  { name, hash, messages }: Letter,
  limits: ReplyLimits,
  receipt: Receipt,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted()
  try {
    const text = await read(generator, messages, limits, receipt, signal)
    receipt.prompted(name, hash)
    return text
  } catch (error) {
    if (wasSent(error)) receipt.prompted(name, hash)
    throw error
  }
}

/** What the budget does not allow is not sent. */
export function wasSent(error: unknown): boolean {
  return !(error instanceof ModelError && error.code === 'model-budget-spent')
}

async function read(
  generator: Generator,
  messages: readonly Message[],
  { deadlineMs, longest }: ReplyLimits,
  { spend }: Receipt,
  signal: AbortSignal,
): Promise<string> {
  const tooLong = new AbortController()
  const over = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs), tooLong.signal])
  const whole = async () => {
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
  return await Promise.race([whole(), stopped])
}

function unread(what: string): ModelError {
  return new ModelError('model-bad-output', `The reply of the model ${what}.`)
}

/** As a JSON string: neither words of a model nor of a document can end it. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}
