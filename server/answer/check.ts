// A second opinion by the model on one sentence and its quotes. Late, failed or unreadable is an error.
import { z } from 'zod'
import { ModelError } from '../../core/errors.ts'
import type { Generator } from '../../core/ports.ts'
import { loadPrompt } from '../../prompts/load.ts'
import { quoted, replyOf } from './reply.ts'
import type { Check } from './verdicts.ts'

// A reader waits for verdicts only behind the last sentence, and no longer than this.
const DEADLINE_MS = 4_000
// The reply is one short object; a model that writes more was not asked to.
const LONGEST_REPLY = 200

const shape = z.strictObject({ verdict: z.enum(['supported', 'partial', 'unsupported']) })

export function modelCheck(generator: Generator, deadlineMs = DEADLINE_MS): Check {
  return async (sentence, quotes, receipt, signal) => {
    const { fill, hash } = await loadPrompt('ground')
    const messages = fill({ sentence: quoted(sentence), quotes: quotes.map(quoted).join('\n') })
    const limits = { deadlineMs, longest: LONGEST_REPLY }
    return readVerdict(await replyOf(generator, { name: 'ground', hash, messages }, limits, receipt, signal))
  }
}

function readVerdict(text: string): z.infer<typeof shape>['verdict'] {
  const { data: reply } = shape.safeParse(parsed(text))
  if (reply) return reply.verdict
  throw new ModelError('model-bad-output', 'The verdict of the model cannot be read.')
}

/** Null: no JSON. A fault of the parser would repeat words of a document in the log. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
