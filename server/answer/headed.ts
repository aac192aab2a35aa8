// The questions that the headings of a document ask, each with the place its answer should come from.
import { createHash } from 'node:crypto'
import type { DocumentText } from '../../core/ports.ts'
import type { Heading } from '../../core/types.ts'
import { questionFrom } from './phrasing.ts'
import { verbOf } from './verbs.ts'

export type Candidate = {
  readonly question: string
  readonly document: { readonly id: string; readonly title: string }
  /** what a quote has to stand under; null: anywhere in the document */
  readonly heading: string | null
  /** of a document that holds many: the heading of the article; null: the document is one */
  readonly article: string | null
}

// Under fewer characters a heading promises more than it keeps.
const LEAST_BODY = 250

/** Titles of articles before their parts; among each, in an order that is nobody's but always the same. */
export function candidatesOf(document: DocumentText): Candidate[] {
  const { id, title, text, outline } = document
  const written = writtenIn(document)
  const place = { id, title }
  const seen = new Set<string>()
  const [wholes, parts]: [Candidate[], Candidate[]] = [[], []]
  const add = (kept: Candidate[], asked: string | null, heading: string | null, article: string | null) => {
    if (asked === null || seen.has(asked)) return
    seen.add(asked)
    kept.push({ question: asked, document: place, heading, article })
  }
  const articleLevel = levelOfArticles(document)
  if (articleLevel === null) add(wholes, questionFrom({ heading: title, topic: null, body: text, written }), null, null)
  let article: Heading | null = null
  for (const [at, each] of outline.entries()) {
    const isArticle = articleLevel !== null && each.level <= articleLevel
    if (isArticle) article = each
    const end = outline.find(({ level }, other) => other > at && level <= each.level)?.span.start ?? text.length
    const body = text.slice(each.span.end, end)
    if (evidenceIn(document, each.span.end, end) < LEAST_BODY) continue
    const topic = isArticle ? null : articleLevel === null ? title : (article?.title ?? null)
    const asked = questionFrom({ heading: each.title, topic, body, written })
    add(isArticle ? wholes : parts, asked, each.title, article?.title ?? null)
  }
  return [...shuffled(wholes), ...shuffled(parts)]
}

/** A file of many articles has several headings of the first level, or no title but its file's name. */
function levelOfArticles({ title, outline }: DocumentText): number | null {
  if (outline.filter(({ level }) => level === 1).length > 1) return 1
  const isNamed = (title.match(/\p{L}{2,}/gu) ?? []).length >= 2 && !/\b(?=\w*\d)[0-9a-f]{8,}\b/i.test(title)
  return isNamed || outline.length === 0 ? null : Math.min(...outline.map(({ level }) => level))
}

function evidenceIn({ boilerplate }: DocumentText, start: number, end: number): number {
  const lost = boilerplate.map((span) => Math.max(0, Math.min(span.end, end) - Math.max(span.start, start)))
  return end - start - lost.reduce((sum, each) => sum + each, 0)
}

function shuffled(candidates: readonly Candidate[]): Candidate[] {
  const order = ({ question, document }: Candidate) =>
    createHash('sha256').update(`${document.id} ${question}`).digest('hex')
  return candidates
    .map((each) => ({ each, at: order(each) }))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ each }) => each)
}

const small = new Set(
  'a an and any as at but by each every for from in into is its of on or over per than that the their to under when where which while with without'.split(
    ' ',
  ),
)

/**
 * How the text writes words within its sentences: a heading may have capitals throughout, and "spark" or "slack" is a
 * word in one document and a name in another.
 */
function writtenIn(document: DocumentText): (words: readonly string[]) => string[] {
  const counts = countWords(document)
  const times = (word: string) => counts.get(word) ?? 0
  const isNamed = (word: string) => times(word) > 2 * times(word.toLowerCase())
  const single = (part: string, isAlone: boolean, pairs: readonly string[]) => {
    const word = lettersOf(part)
    const lower = word.toLowerCase()
    if (small.has(lower)) return part.toLowerCase()
    // Written so everywhere: "API", "MySQL", "S3".
    if (/\p{Lu}|\d/u.test(word.slice(1)) || isNamed(word)) return part
    // "Shard Manager" is a name, although "shard" is none.
    if (pairs.some((pair) => times(pair) > 1 && isNamed(pair))) return part
    return isAlone && times(lower) === 0 ? part : part.toLowerCase()
  }
  return (words) =>
    words.map((word, at) => {
      const before = words[at - 1] ?? ''
      const pairs = [`${lettersOf(before)} ${lettersOf(word)}`, `${lettersOf(word)} ${lettersOf(words[at + 1])}`]
      // Where the name of somebody stands, of whom the text says no more: "How Discord stores …", "… at Netflix".
      const isAlone = /^at$/i.test(before) || (at === 1 && /^(?:how|why|what)$/i.test(before) && !verbOf(word))
      const parts = word.split(/(?=-)|(?<=-)/)
      return parts.map((part) => single(part, isAlone && parts.length === 1, pairs)).join('')
    })
}

function lettersOf(word = ''): string {
  return /[\p{L}\p{N}]+/u.exec(word)?.[0] ?? ''
}

/** Words and pairs of them as they stand within sentences: the capital of the first word of one says nothing. */
function countWords({ text, outline, boilerplate }: DocumentText): ReadonlyMap<string, number> {
  // Headings and lists of them prove nothing: it is their capitals that are in doubt.
  const outside = [...outline.map(({ span }) => span), ...boilerplate].toSorted((a, b) => a.start - b.start)
  const counts = new Map<string, number>()
  const count = (word: string) => counts.set(word, (counts.get(word) ?? 0) + 1)
  let skipped = 0
  let [last, lastEnd] = ['', -1]
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    while ((outside[skipped]?.end ?? Infinity) <= index) skipped++
    if (index >= (outside[skipped]?.start ?? Infinity)) continue
    const gap = text.slice(lastEnd, index)
    const isWithin = (last !== '' && !/[.!?:|\n]/.test(gap)) || /^\p{Ll}/u.test(word)
    if (isWithin) count(word)
    if (gap === ' ') count(`${last} ${word}`)
    last = word
    lastEnd = index + word.length
  }
  return counts
}
