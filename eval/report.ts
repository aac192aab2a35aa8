// Transcripts → a table by kind, each rate with its 95 % interval.
import { percent, rate as narrowRate } from './figures.ts'
import type { Transcript } from './run.ts'
import { factCoverage } from './score/facts.ts'
import { citesSource, hitAt } from './score/retrieval.ts'
import { mean, quantile } from './stats.ts'

export type Scored = Transcript & {
  readonly hit5: number
  readonly cited: number
  readonly facts: number
  readonly refused: boolean
  readonly words: number
}

export function scoreTranscript(transcript: Transcript): Scored {
  const { test, answer, passages } = transcript
  const refused = answer.status === 'abstained'
  const cited = citesSource(test, answer.citations)
  return {
    ...transcript,
    hit5: Math.max(hitAt(5, test, passages), cited),
    cited,
    facts: factCoverage(test.facts, answer.answer),
    refused,
    words: answer.answer.split(/\s+/).filter(Boolean).length,
  }
}

/** The table as lines of text. Rates are over answerable questions, but for the refusals. */
export function table(all: readonly Scored[]): string[] {
  const kinds = [...new Set(all.map(({ test }) => test.kind))].sort()
  const rows = [
    ...kinds.map((kind) =>
      row(
        kind,
        all.filter(({ test }) => test.kind === kind),
      ),
    ),
    row('ALL', all),
  ]
  return [
    [
      'kind'.padEnd(18),
      'n'.padStart(4),
      'source in 5'.padStart(20),
      'source cited'.padStart(20),
      'facts'.padStart(7),
      'refused'.padStart(20),
      'words'.padStart(6),
    ].join(' '),
    ...rows,
    ...summary(all),
  ]
}

function row(name: string, scored: readonly Scored[]): string {
  const answerable = scored.filter(({ test }) => test.answerable)
  const answered = scored.filter(({ refused }) => !refused)
  return [
    name.padEnd(18),
    String(scored.length).padStart(4),
    rate(answerable.filter(({ hit5 }) => hit5 === 1).length, answerable.length),
    rate(answerable.filter(({ cited }) => cited === 1).length, answerable.length),
    percent(mean(answerable.map(({ facts }) => facts))).padStart(7),
    rate(scored.filter(({ refused }) => refused).length, scored.length),
    figure(
      quantile(
        answered.map(({ words }) => words),
        0.5,
      ),
    ).padStart(6),
  ].join(' ')
}

function summary(all: readonly Scored[]): string[] {
  const answerable = all.filter(({ test }) => test.answerable)
  const unanswerable = all.filter(({ test }) => !test.answerable)
  const premises = all.filter(({ test }) => test.kind === 'false_premise')
  const corrected = premises.filter(({ refused, facts, hit5 }) => (refused ? hit5 === 1 : facts === 1))
  const times = all.map(({ answer }) => answer.timingsMs.total)
  return [
    '',
    `unanswerable refused       ${rate(unanswerable.filter(({ refused }) => refused).length, unanswerable.length)}`,
    `answerable wrongly refused ${rate(answerable.filter(({ refused }) => refused).length, answerable.length)}`,
    `false premise corrected    ${rate(corrected.length, premises.length)}`,
    `answer time                p50 ${figure(quantile(times, 0.5), 1)} ms, p95 ${figure(quantile(times, 0.95), 1)} ms`,
  ]
}

function rate(successes: number, n: number): string {
  return narrowRate(successes, n).padStart(20)
}

function figure(value: number, digits = 0): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits)
}
