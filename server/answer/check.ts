// A second opinion by the model on one sentence and its quotes. Late, failed or unreadable is no opinion.
import { z } from 'zod'
import type { Generator, Message } from '../../core/ports.ts'
import { loadPrompt } from '../../prompts/load.ts'
import type { Receipt } from './draft.ts'
import type { Check } from './verdicts.ts'

// A reader waits for verdicts only behind the last sentence, and no longer than this.
const DEADLINE_MS = 4_000
// The reply is one short object; a model that writes more was not asked to.
const LONGEST_REPLY = 200

const shape = z.strictObject({ verdict: z.enum(['supported', 'partial', 'unsupported']) })

export function modelCheck(generator: Generator, deadlineMs = DEADLINE_MS): Check {
  return async (sentence, quotes, receipt, signal) => {
    const late = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
    try {
      return readVerdict(await reply(generator, sentence, quotes, receipt, late))
    } catch {
      return null
    }
  }
}

async function reply(
  generator: Generator,
  sentence: string,
  quotes: readonly string[],
  receipt: Receipt,
  signal: AbortSignal,
): Promise<string> {
  const { fill, hash } = await loadPrompt('ground')
  receipt.prompted('ground', hash)
  const messages = fill({ sentence: quoted(sentence), quotes: quotes.map(quoted).join('\n') })
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  signal.throwIfAborted()
  // A model that does not listen to its signal is left all the same.
  return await Promise.race([read(generator, messages, receipt, signal), stopped])
}

async function read(
  generator: Generator,
  messages: readonly Message[],
  receipt: Receipt,
  signal: AbortSignal,
): Promise<string> {
  let text = ''
  for await (const event of generator.stream(messages, signal)) {
    if (event.type !== 'text') receipt.spend(event)
    if (event.type === 'finish') return event.reason === 'stop' ? text : ''
    if (event.type === 'text') text += event.delta
    if (text.length > LONGEST_REPLY) return ''
  }
  return text
}

/** As a JSON string: neither a sentence of a model nor words of a document can end it. */
function quoted(text: string): string {
  return JSON.stringify(text)
}

function readVerdict(text: string): z.infer<typeof shape>['verdict'] | null {
  return shape.safeParse(JSON.parse(text)).data?.verdict ?? null
}
