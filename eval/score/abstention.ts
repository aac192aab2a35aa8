// Refusing what the library does not answer, and only that. Read from the status of an answer, never from its wording.
import { harmonic, shareThat } from './citations.ts'

export type Decided = {
  readonly answerable: boolean
  readonly refused: boolean
  /** answered well; null when nobody can say, as for a question without needed facts. Of a refusal it is not read */
  readonly isRight: boolean | null
}

/**
 * With A answerable, U unanswerable and R refused questions: recall = R∩U / U, precision = R∩U / R, F1 their harmonic
 * mean; false refusals = R∩A / A; answered though unanswerable = U∖R / U; coverage = answered / all; selective accuracy
 * = right / answered, over the answered questions of A whose answers can be told right from wrong. null: of none.
 */
export function refusalsOf(questions: readonly Decided[]) {
  const answerable = questions.filter((each) => each.answerable)
  const unanswerable = questions.filter((each) => !each.answerable)
  const isRefused = ({ refused }: Decided) => refused
  const recall = shareThat(unanswerable, isRefused)
  const precision = shareThat(questions.filter(isRefused), (each) => !each.answerable)
  const decidable = answerable.filter(({ refused, isRight }) => !refused && isRight !== null)
  return {
    precision,
    recall,
    // Nothing refused is no precision, but it is no success either.
    f1: recall === null ? null : harmonic(precision ?? 0, recall),
    falseRefusals: shareThat(answerable, isRefused),
    answeredUnanswerable: shareThat(unanswerable, (each) => !each.refused),
    coverage: shareThat(questions, (each) => !each.refused),
    selectiveAccuracy: shareThat(decidable, ({ isRight }) => isRight === true),
  }
}
