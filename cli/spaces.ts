// Embedding spaces, what a change of them takes and how two compare, as a person reads it.
import type { ReembedPlan, SpaceComparison, SpaceFigures, SpaceReport } from '../core/spaces.ts'

export function spacesText({ spaces }: { readonly spaces: readonly SpaceReport[] }): string {
  return table([
    ['space', 'chunks', ''],
    ...spaces.map(({ space, chunks, active, former }) => [
      space,
      String(chunks),
      active ? 'searched' : former ? 'searched before' : '',
    ]),
  ])
}

export function planText({ from, to, chunks, missing, tokens, usd, ms }: ReembedPlan): string {
  const cost =
    tokens > 0
      ? ` (about ${tokens} tokens, ${usd === null ? 'no price known: MODEL_PRICES' : `$${usd.toFixed(4)}`})`
      : ''
  const time = missing === 0 ? '' : ` · about ${ms < 1000 ? 'a second' : `${Math.ceil(ms / 1000)} s`}`
  return `From ${from}\n  to ${to}: ${missing} of ${chunks} chunks to embed${cost}${time}`
}

/** The answers were made with the first of them, so what they cite was found in it. */
export function comparisonText({ questions, withPlaces, from, to, overlap }: SpaceComparison): string {
  if (questions === 0) return 'No question was answered yet that they could be compared on.'
  const row = ({ space, documents, places, medianMs }: SpaceFigures) => [
    space,
    `${documents} of ${questions}`,
    withPlaces === 0 ? '—' : `${places} of ${withPlaces}`,
    `${medianMs} ms`,
  ]
  return [
    table([['among the first 5 passages', 'cited document', 'cited place', 'median search'], row(from), row(to)]),
    `${Math.round((overlap ?? 0) * 100)} % of the first 5 passages are the same. Kept answers were made of what the space of their day found: an equal figure speaks for the new one.`,
  ].join('\n')
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
