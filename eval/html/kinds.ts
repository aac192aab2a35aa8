// Every measure by kind of question, one small table each: narrow enough for a phone and for paper.
import type { Run } from '../record.ts'
import { bar, change, figure, interval } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { asItShouldBe, difference, estimate, HEADLINE, type Measure, type Pair } from './measures.ts'

export function kindTables(
  run: Run,
  kinds: readonly string[],
  measures: readonly Measure[],
  pairs: readonly Pair[] | null,
): Markup {
  const tables = [asItShouldBe, ...measures].map((measure, at) => {
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
  return html`<p class="note">“As it should be”: an answerable question with ${HEADLINE} = 1, any other one refused.</p>
    <div class="kinds">${tables}</div>`
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
    <th scope="row">${kind}</th>
    <td>${now.n}</td>
    <td>${measure.isShare ? bar(now) : ''}</td>
    <td>${figure(now.value, measure)}<small>${interval(now, measure)}</small></td>
    ${pairs ? html`<td>${moved}</td>` : ''}
  </tr>`
}
