// Do citations point at what they say they do, and do their words back the sentences they stand behind?
import type { Passage } from '../../core/types.ts'
import { createGrounds } from '../../server/answer/ground.ts'
import type { Outcome } from '../record.ts'

type Citation = Outcome['citations'][number]

/** Share of `all` that pass; null when there are none, which is not a share of 0. */
export function shareThat<Part>(all: readonly Part[], passes: (part: Part) => boolean): number | null {
  return all.length === 0 ? null : all.filter(passes).length / all.length
}

/** Share of the statements with a citation whose quote is what is stored at its place. null without statements. */
export function citedRate({ statements, citations }: Pick<Outcome, 'statements' | 'citations'>): number | null {
  const valid = new Set(citations.filter(({ isValid }) => isValid).map(({ n }) => n))
  return shareThat(statements, (statement) => statement.citations.some((n) => valid.has(n)))
}

/** Whether quotes back a sentence. Which test that is decides what recall and precision of citations mean. */
export type Supports = (sentence: string, quotes: readonly Citation[]) => boolean

export type Backed = { readonly recall: number; readonly precision: number; readonly f1: number }

/**
 * Citation recall and precision in the form of ALCE (Gao et al., 2023, `eval.py`). Recall: share of the statements that
 * all their citations together support; without a citation, or with one that is not there, none. Precision: share of
 * the citations that count. Of a supported statement one counts when it is the only one, supports it alone, or the
 * others do not without it; of an unsupported statement none. null without statements.
 */
export function backedBy(supports: Supports, outcome: Pick<Outcome, 'answer' | 'statements' | 'citations'>) {
  const { answer, statements, citations } = outcome
  const judged = statements.map((statement) => {
    const quotes = statement.citations.map((n) => citations.find((each) => each.n === n))
    const there = quotes.filter((quote) => quote !== undefined)
    const isWhole = there.length > 0 && there.length === quotes.length
    const says = (of: readonly Citation[]) => supports(answer.slice(statement.start, statement.end), of)
    const isBacked = isWhole && says(there)
    return { isBacked, cited: quotes.length, counted: isBacked ? countedOf(there, says) : 0 }
  })
  if (judged.length === 0) return null
  const cited = judged.reduce((sum, each) => sum + each.cited, 0)
  const recall = judged.filter(({ isBacked }) => isBacked).length / judged.length
  const precision = cited === 0 ? 0 : judged.reduce((sum, each) => sum + each.counted, 0) / cited
  return { recall, precision, f1: harmonic(recall, precision) } satisfies Backed
}

function countedOf(quotes: readonly Citation[], says: (of: readonly Citation[]) => boolean): number {
  if (quotes.length === 1) return 1
  return quotes.filter((quote) => says([quote]) || !says(quotes.filter((other) => other !== quote))).length
}

export function harmonic(a: number, b: number): number {
  return a + b === 0 ? 0 : (2 * a * b) / (a + b)
}

/**
 * The same with the product's own check by words as the test, so it shares the faults of what it tests: it sees a
 * changed figure or name, and no paraphrase (docs/design.md §8). Statements that the check does not read (letters that
 * are not Latin, great length) are left out, since nothing is known of them.
 */
export function lexicallyBacked(outcome: Outcome): Backed | null {
  const statements = outcome.statements.filter(({ verdict }) => verdict !== 'unchecked')
  return backedBy(lexicalCheck(outcome.passages), { ...outcome, statements })
}

function lexicalCheck(passages: Outcome['passages']): Supports {
  const read = passages.map(toPassage)
  const grounds = createGrounds(read)
  return (sentence, quotes) => {
    // A quote may begin or end inside of a sentence, which the check would read whole.
    if (quotes.some(({ quote }) => quote === sentence)) return true
    const backings = quotes.flatMap(({ passage: n, span }) => {
      const passage = read[n - 1]
      return passage ? [{ passage, span }] : []
    })
    return grounds.judge(sentence, backings).verdict === 'supported'
  }
}

/** A run keeps no ids and no dates: a date that stood only beside the passage backs nothing here. */
function toPassage({ file, ...passage }: Outcome['passages'][number]): Passage {
  const document = { id: file, title: passage.title, source: file, url: null, revision: '', publishedAt: null }
  return { ...passage, document, page: null }
}
