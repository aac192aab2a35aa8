// Which places of a text are never evidence: contents pages, pointers to elsewhere, pleas, ads and job posts. Told by
// shape: the line must be nothing else, and in doubt it stays, because a missing line is worse than an idle one.
import type { Heading, Span } from '../../core/types.ts'
import { adLines } from './ads.ts'
import { type Contents, findContents, linesOf } from './contents.ts'

/** In order; none overlaps another or a heading. */
export function findBoilerplate(
  text: string,
  outline: readonly Heading[],
  contents: readonly Contents[] = findContents(text, outline),
): Span[] {
  const lines = [...linesOf(text, outline)]
  const ads = adLines(text, outline, lines)
  const spans = contents.map(({ span }) => span)
  for (const [i, line] of lines.entries()) {
    if (line.isHeading) continue
    const span = ads.has(line.start) || isIdle(text, i, lines) ? line : stubOf(text, line)
    if (span) spans.push({ start: span.start, end: span.end })
  }
  return merge(text, spans)
}

/** "Showing 5 of 12 posts", "Page 3 of 9": the count of a listing. */
export function isCounter(line: string): boolean {
  return /^(?:(?:showing|displaying) \d+(?: ?[-–] ?\d+)? of \d+\b.{0,30}|page \d+ of \d+)$/i.test(line.trim())
}

// No rule below holds for a longer line.
const MAX_LINE = 400

function isIdle(text: string, i: number, lines: readonly Span[]): boolean {
  const [line, next] = [lines[i], lines[i + 1]]
  if (line === undefined || line.end - line.start > MAX_LINE) return false
  const words = text.slice(line.start, line.end).replace(/^\s*(?:[-•]|\d{1,3}\.)\s+/, '')
  if (i === 0 && isBreadcrumb(words)) return true
  const length = words.split(/\s+/).length
  // The label of a listing stands right above its count.
  if (length <= 4 && next && next.end - next.start < 60 && isCounter(text.slice(next.start, next.end))) return true
  if (isCounter(words)) return true
  // One that shows the address, or announces what stands below, tells something.
  const tells = /[\p{L}\p{N}][./][\p{L}\p{N}]|:$/u
  return rules.some(({ atMost, shape }) => length <= atMost && shape.test(words)) && !tells.test(words)
}

type Rule = { readonly atMost: number; readonly shape: RegExp }

const writing =
  '(?:article|blog|post|paper|story|piece|talk|video|series|interview|summary|thread|transcript|details|rest)'
const reading = '(?:read|see|view|watch|check out|visit|find|listen to)'

// `atMost` words: a longer line of this shape says something of its own.
const rules: readonly Rule[] = [
  // A link that lost its target. It names what stands elsewhere, so it matches every question and answers none.
  {
    atMost: 8,
    shape:
      /^(?:click (?:here|below)|click to (?:read|see|view|continue|expand|enlarge)|read more|see more|view more|continue reading|keep reading)\b/i,
  },
  { atMost: 3, shape: /^learn more\b/i },
  // "For more details on X, you can read the full article here."
  {
    atMost: 28,
    shape: new RegExp(
      `^for (?:an? )?(?:(?:more|further|additional|full|complete)(?: (?:detail(?:s|ed)|in-depth|information|on|about|depth)\\b|,)|information on\\b)(?:(?![.!?] \\p{Lu}).)*\\b${reading}\\b`,
      'iu',
    ),
  },
  { atMost: 20, shape: new RegExp(`^to (?:learn|read|find out|see) more\\b(?:(?![.!?] ).)*\\b${reading}\\b`, 'i') },
  // "You can read the full post here", "Read the full details in the post!"
  {
    atMost: 20,
    shape: new RegExp(
      `^(?:you can |please |be sure to )?${reading} (?:the |our |my |their |his |her |[\\p{L}]+['’]s )?(?:full|whole|entire|original|complete|more)\\b(?:(?![.!?] ).)*\\b(?:${writing}|here)\\b[^.!?]{0,40}[.!…]*$`,
      'iu',
    ),
  },
  {
    atMost: 12,
    shape: new RegExp(
      `^there (?:is|are) (?:much |many |even )?more\\b.*\\b(?:full|original|complete) ${writing}[.!…]*$`,
      'i',
    ),
  },
  // "…, click below and keep on reading".
  { atMost: 45, shape: /^(?:don['’]t miss|want)\b.*\bclick (?:below|here)\b/i },
  // Where a digest took an entry from.
  { atMost: 5, shape: /^(?:as )?(?:featured|seen) in (?:issue )?#?\d+\.?$/i },
  { atMost: 5, shape: /^\d+[ -]min(?:ute)?s? read\.?$/i },
  // Announces what stands below and says nothing itself.
  {
    atMost: 9,
    shape:
      /^(?:here(?:['’]s| is)|this is|below is|we['’]ll (?:be )?(?:give|giving|provid(?:e|ing)))\b(?:(?![.!?] ).)*\b(?:summary|recap|tl;?dr)\b/i,
  },
  // Asks for an address, for money or for applause.
  {
    atMost: 25,
    shape:
      /^(?:you can |please |don['’]t forget to |if you (?:like|enjoy|love)\b.*?)?(?:subscribe|sign up)\b.*\b(?:newsletters?|mailing list|inbox|podcast|by e-?mail|(?:weekly|daily|monthly) (?:updates?|digest|e-?mails?)|our (?:blog|channel))\b/i,
  },
  {
    atMost: 30,
    shape:
      /\b(?:consider (?:supporting (?:us|me|this|our)|donating|becoming an? (?:patron|sponsor|supporter)|offering your support)|become an? (?:patron|sponsor)|buy me a coffee|support (?:us|me|this (?:site|blog|newsletter|podcast)) (?:on|via|by))\b/i,
  },
]

/** "/Architecture" as the first line: where the page stood in its site. */
function isBreadcrumb(words: string): boolean {
  return /^\/[\p{L}\p{N}-]+(?:\/[\p{L}\p{N}-]+)*\/?$/u.test(words)
}

/** A last sentence of at most five words that only announces: "… wrote about it. Here's a summary." */
function stubOf(text: string, { start, end }: Span): Span | null {
  const from = Math.max(start, end - 60)
  const match =
    /(?<=[.!?] )here['’]s (?:an? |the |my |our )?(?:(?:brief|quick|short) )?(?:summary|overview|recap|tl;?dr)[.:!…]*$/i.exec(
      text.slice(from, end),
    )
  return match ? { start: from + match.index, end } : null
}

/** Neighbours with nothing but blanks between them are one place. */
function merge(text: string, spans: Span[]): Span[] {
  const merged: Span[] = []
  for (const span of spans.sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1)
    if (last && (span.start <= last.end || text.slice(last.end, span.start).trim() === ''))
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) }
    else merged.push(span)
  }
  return merged
}
