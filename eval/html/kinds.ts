// Every measure by kind of question, one small table each: narrow enough for a phone and for paper.
import type { Run } from '../record.ts'
import { bar, breakable, change, figure, interval } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { difference, estimate, type Measure, type Pair } from './measures.ts'

export function kindTables(
  run: Run,
  kinds: readonly string[],
  measures: readonly Measure[],
  pairs: readonly Pair[] | null,
): Markup {
  const tables = measures.map((measure, at) => {
    const rows = kinds.flatMap((kind) => row(kind, run, measure, pairs) ?? [])
    if (rows.length === 0) return html``
    const columns = ['kind', 'n', '', 'value', ...(pairs ? ['change'] : [])].map(
      (name) => html`<th scope="col">${name}</th>`,
    )
    return html`<details class="measure" ${at === 0 ? html` open` : ''}>
      <summary>${measure.name}</summary>
      <table class="small">
        <thead>
          <tr>
            ${columns}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </details>`
  })
  return html`<div class="kinds">${tables}</div>`
}

function row(kind: string, run: Run, measure: Measure, pairs: readonly Pair[] | null): Markup | null {
  const now = estimate(
    measure,
    run.questions.filter((each) => each.kind === kind),
  )
  if (!now) return null
  const changed =
    pairs &&
    difference(
      measure,
      pairs.filter((pair) => pair.now.kind === kind),
    )
  const moved = changed ? (changed.changed === 0 ? '=' : change(changed.value, measure)) : '–'
  return html`<tr>
    <th scope="row">${breakable(kind)}</th>
    <td>${now.n}</td>
    <td>${measure.isShare ? bar(now) : ''}</td>
    <td>${figure(now.value, measure)}<small>${interval(now, measure)}</small></td>
    ${pairs ? html`<td>${moved}</td>` : ''}
  </tr>`
}
