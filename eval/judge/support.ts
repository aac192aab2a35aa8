// One claim against the words that are cited for it, and nothing else: does it stand there, or is it denied there?
import { z } from 'zod'
import { quoted } from '../../server/answer/reply.ts'
import { hashOf } from '../cache.ts'
import { type Judge, readJson, type Reading } from './ask.ts'

/** Words that are cited; `from` is the path of titles and headings that a reader sees beside them. */
export type Quote = { readonly from: string; readonly text: string }

export const supportShape = z.enum(['full', 'partial', 'none'])
export type Support = z.infer<typeof supportShape>

export const verdictShape = z.strictObject({
  support: supportShape,
  contradicted: z.boolean(),
  evidence: z.string(),
})
export type Verdict = z.infer<typeof verdictShape>

/** What a verdict counts for (TREC RAG 2024, weighted support). */
export const weights: Readonly<Record<Support, number>> = { full: 1, partial: 0.5, none: 0 }

/** What nothing is cited for, nothing supports: no judge is needed for that. */
const uncited: Verdict = { support: 'none', contradicted: false, evidence: '' }

/** Null: unmeasured. The quotes stand in an order by hash, so that none is favoured for its place. */
export async function askSupport(
  judge: Judge,
  claim: string,
  quotes: readonly Quote[],
  signal: AbortSignal,
  isReversed = false,
): Promise<Verdict | null> {
  if (quotes.length === 0) return uncited
  const ordered = quotes
    .map((quote) => ({ quote, order: hashOf(`${claim}\0${quote.text}`) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ quote: { from, text } }) => JSON.stringify({ from, text }))
  const quotesText = (isReversed ? ordered.reverse() : ordered).join('\n')
  const slots = { claim: quoted(claim), quotes: quotesText }
  return await judge.ask('support', slots, (reply) => readVerdict(reply, quotes), signal)
}

function readVerdict(reply: string, quotes: readonly Quote[]): Reading<Verdict> {
  const reading = readJson(reply, verdictShape)
  if ('fault' in reading) return reading
  const { support, contradicted, evidence } = reading.value
  if (support === 'full' && contradicted) return { fault: 'a claim that is contradicted is not "full"' }
  const needsEvidence = support !== 'none' || contradicted
  if (needsEvidence && evidence.trim() === '') return { fault: '"evidence" is empty' }
  if (!quotes.some(({ text }) => text.includes(evidence)))
    return { fault: '"evidence" does not stand letter by letter in the "text" of any one quote' }
  return reading
}
