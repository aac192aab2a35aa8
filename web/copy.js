// @ts-check
// An answer as Markdown with footnotes, to be pasted elsewhere.
import { placeName, readerPath } from './names.js'

/** @import { Answer } from './wire.d.ts' */

/** @param {Answer} answer @param {string} origin of the links */
export function asMarkdown({ question, answer, citations }, origin) {
  const known = new Set(citations.map(({ n }) => n))
  const text = answer.replace(/\s*\[(\d{1,3})\]/g, (marker, n) => (known.has(Number(n)) ? `[^${n}]` : marker))
  const notes = citations
    .toSorted((a, b) => a.n - b.n)
    .map((citation) => {
      const place = placeName(citation).replace(/[[\]\\]/g, '\\$&')
      return `[^${citation.n}]: “${citation.quote.replace(/\s+/g, ' ')}” — [${place}](${origin}${readerPath(citation)})`
    })
  return [`**${question}**`, text, ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n')
}
