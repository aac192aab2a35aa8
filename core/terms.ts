// Words as the index knows them: one way to cut, fold and stem for chunks and for questions alike.
import { stem as porter2 } from 'porter2'

export type Word = { readonly term: string; readonly start: number; readonly end: number }

// A number keeps its inner points and commas ("99.99", "1,000,000"); a word keeps its inner apostrophe ("don't").
const wordPattern = /\p{N}+(?:[.,]\p{N}+)+|[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu

/** The words of a text in order, folded and stemmed, with their places in it. */
export function words(text: string): Word[] {
  return Array.from(text.matchAll(wordPattern), (match) => ({
    term: toTerm(match[0]),
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/** Adds how often each term comes, the first one first. Gives the number of words. */
function countTerms(text: string, weight: number, counts: Map<string, number>): number {
  const found: readonly string[] = text.match(wordPattern) ?? []
  for (const word of found) {
    const term = toTerm(word)
    counts.set(term, (counts.get(term) ?? 0) + weight)
  }
  return found.length
}

// Soft hyphens, zero-width characters and marks of direction come along with copied text. Between letters of other
// scripts and in pictures they mean something.
const hidden =
  /(?<=[\p{Script=Latin}\p{N}])[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+(?=[\p{Script=Latin}\p{N}])/gu

/** A question without the characters nobody sees that would cut its words in two. Not for documents: offsets would shift. */
export function wholeWords(question: string): string {
  return question.replace(hidden, '')
}

// A library has few different words and uses them often: stemming each once makes indexing and re-ranking several
// times faster. Cleared when full, so that a hostile text cannot grow it without end.
const stemmed = new Map<string, string>()
const MOST_STEMMED = 100_000

/** "Sharding" and "sharded" → "shard"; "Café's" → "cafe"; "1,000" → "1000". */
export function toTerm(word: string): string {
  const known = stemmed.get(word)
  if (known !== undefined) return known
  if (stemmed.size >= MOST_STEMMED) stemmed.clear()
  const term = stemOf(word)
  // A copy: the word itself is a slice that would keep its whole document in memory.
  stemmed.set(Buffer.from(word).toString(), term)
  return term
}

function stemOf(word: string): string {
  const folded = word.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '')
  if (/^\p{N}/u.test(folded)) return folded.replaceAll(',', '')
  // Possessives and contractions are dropped before stemming: porter2 knows only the straight apostrophe.
  return porter2(folded.replace(/['’](?:s|re|ve|ll|d|m)?$/u, '').replace(/['’]/gu, ''))
}

// Saturation and length normalisation of BM25 (Robertson and Zaragoza, 2009), with the usual constants. Chunks are
// cut to one size, so the length they are measured against is a constant and a saved weight never has to change.
const K1 = 1.2
const B = 0.75
const REFERENCE_LENGTH = 170
// A word of the heading path counts as this many words of the text (BM25F: fields are added before saturation).
const HEADING_WEIGHT = 1

/** BM25 term weights of a chunk under its headings; idf is applied when searching. */
export function termWeights(headings: readonly string[], text: string): Map<string, number> {
  const counts = new Map<string, number>()
  const body = countTerms(text, 1, counts)
  const path = countTerms(headings.join('\n'), HEADING_WEIGHT, counts)
  const length = 1 - B + (B * (body + path)) / REFERENCE_LENGTH
  for (const [term, count] of counts) counts.set(term, (count * (K1 + 1)) / (count + K1 * length))
  return counts
}

/** Rarity of a term in a library, never negative (the idf of Lucene's BM25). */
export function idf(chunks: number, holding: number): number {
  return Math.log(1 + (Math.max(chunks, holding) - holding + 0.5) / (holding + 0.5))
}

// Words that carry the form of a question, not its subject. Kept in the index, left out of queries.
const functionWords = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can cannot could did do does doing down during each either else ever every few for from further get gets getting give
  given go goes got had has have having he her here hers him his how i if in into is it its itself just like let lets
  make makes may me might more most much must my no nor not now of off on once only or other our ours out over own per
  please say says shall she should so some such tell than that the their theirs them then there these they thing things
  this those through to too under until up upon us use used uses using very via was way we were what when where whether
  which while who whom whose why will with within without would you your yours dont doesnt didnt cant isnt arent wasnt
  im youre theyre whats hows explain describe exactly actually really anyone someone something difference differences
  ok okay compare compared versus vs happen happens happened work works mean means long often take takes took prevent prevents avoid avoids handle handles deal deals cope way ways`
    .split(/\s+/)
    .map(toTerm),
)

/** The words of a question that say what it is about, in order, each once. All of them when none would be left. */
export function queryTerms(question: string): string[] {
  const all = [...new Set(words(question).map(({ term }) => term))]
  const content = all.filter((term) => !isFunctionWord(term))
  return content.length > 0 ? content : all
}

/** Whether a term carries form rather than subject. */
export function isFunctionWord(term: string): boolean {
  return functionWords.has(term)
}
