// Refusing what a passage does not answer, and only that.
import { queryTerms, words } from '../../core/terms.ts'
import { figureOf, type Measure, type Row, shareOf } from '../figures.ts'
import { auroc } from '../score/auroc.ts'

export type Weighed = Row & {
  readonly answerable: boolean
  readonly confidence: number
  readonly refused: boolean
  /** `heldShare` of the passage the question was written for */
  readonly control: number
}

/** The lexical control: share of the question's content words, each once, that the text has. */
export function heldShare(question: string, text: string): number {
  const held = new Set(words(text).map(({ term }) => term))
  const asked = queryTerms(question)
  return asked.filter((term) => held.has(term)).length / Math.max(1, asked.length)
}

/** AUROC: answerable against unanswerable questions, by the confidence of `weigh`; the refusals at its own threshold. */
export function abstention<R extends Weighed>(): Measure<R>[] {
  return [
    ['AUROC of the confidence', figureOf((rows) => told(rows, ({ confidence }) => confidence))],
    ['  of the words held (control)', figureOf((rows) => told(rows, ({ control }) => control))],
    [
      'unanswerable refused',
      shareOf(
        ({ answerable }) => !answerable,
        ({ refused }) => refused,
      ),
    ],
    [
      'answerable wrongly refused',
      shareOf(
        ({ answerable }) => answerable,
        ({ refused }) => refused,
      ),
    ],
  ]
}

function told<R extends Weighed>(rows: readonly R[], score: (row: R) => number): number {
  const [high, low] = [true, false].map((side) => rows.filter(({ answerable }) => answerable === side).map(score))
  return auroc(high ?? [], low ?? [])
}
