// @ts-check
// An answer as Markdown with footnotes, to be pasted elsewhere.
import { verdicts } from './answer.js'
import { placeName, readerPath } from './names.js'

/** @import { Answer } from './wire.d.ts' */

/** Doubts travel along. @param {Answer} answer @param {string} origin of the links */
export function asMarkdown({ question, answer, statements, citations }, origin) {
  const known = new Set(citations.map(({ n }) => n))
  const doubted = statements
    .filter(({ verdict }) => verdict === 'unsupported' || verdict === 'partial')
    .toSorted((a, b) => b.end - a.end)
    .reduce((text, { end, verdict }) => `${text.slice(0, end)} *(${verdicts[verdict][0]})*${text.slice(end)}`, answer)
  const text = doubted.replace(/\s*\[(\d{1,3})\]/g, (marker, n) => (known.has(Number(n)) ? `[^${n}]` : marker))
  const notes = citations
    .toSorted((a, b) => a.n - b.n)
    .map((citation) => {
      const place = placeName(citation).replace(/[[\]\\]/g, '\\$&')
      return `[^${citation.n}]: “${citation.quote.replace(/\s+/g, ' ')}” — [${place}](${origin}${readerPath(citation)})`
    })
  return [`**${question}**`, text, ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n')
}
