// A second opinion by the model on one sentence and its quotes. Late, failed or unreadable is no opinion.
import { z } from 'zod'
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
    try {
      const { fill, hash } = await loadPrompt('ground')
      receipt.prompted('ground', hash)
      const messages = fill({ sentence: quoted(sentence), quotes: quotes.map(quoted).join('\n') })
      const limits = { deadlineMs, longest: LONGEST_REPLY }
      return readVerdict(await replyOf(generator, messages, limits, receipt.spend, signal))
    } catch {
      return null
    }
  }
}

function readVerdict(text: string): z.infer<typeof shape>['verdict'] | null {
  return shape.safeParse(JSON.parse(text)).data?.verdict ?? null
}
