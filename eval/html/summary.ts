// What the run says as a whole: the headline, every measure, what changed, how long it took.
import type { Run } from '../record.ts'
import { figuresOf } from '../scores.ts'
import { bar, breakable, change, counted, figure, interval, milliseconds, percentOf } from './figures.ts'
import { html, type Markup, type Part } from './markup.ts'
import {
  detectableAlone,
  type Difference,
  difference,
  estimate,
  HEADLINE,
  type Measure,
  type Pair,
  FEWEST,
} from './measures.ts'

export function header(run: Run, baseline: Run | null): Markup {
  const named: readonly (readonly [string, (run: Run) => string])[] = [
    ['questions', ({ questions }) => String(questions.length)],
    ['set', ({ set }) => `${set.file} (${set.hash.slice(0, 12)})`],
    ['library', ({ library }) => `${library.folder} (${library.hash?.slice(0, 12) ?? '–'})`],
    ['product', ({ environment }) => environment.product?.slice(0, 12) ?? '–'],
    ['commit', ({ environment }) => environment.commit?.slice(0, 12) ?? '–'],
    ['Node', ({ environment }) => environment.node],
    ...[...new Set([run, baseline].flatMap((each) => Object.keys(each?.options ?? {})))].map(
      (name) => [name, ({ options }: Run) => (Object.hasOwn(options, name) ? (options[name] ?? '') : '–')] as const,
    ),
  ]
  const rows = named.map(([name, of]) => {
    const [now, before] = [of(run), baseline && of(baseline)]
    const past = before === null || before === now ? '' : html`<br /><small>baseline: ${before}</small>`
    return html`<div>
      <dt>${name}</dt>
      <dd>${now}${past}</dd>
    </div>`
  })
  const against = baseline ? html`<p class="soft">against the baseline ${baseline.name}</p>` : ''
  return html`<header>
    <p class="soft">Footnote, evaluation</p>
    <h1>${run.name}</h1>
    ${against}
    <dl class="facts">${rows}</dl>
  </header>`
}

export function headline(run: Run, measures: readonly Measure[], pairs: readonly Pair[] | null): Markup {
  const measure = measures.find(({ name }) => name === HEADLINE)
  const now = measure && estimate(measure, run.questions)
  if (!now) return html`<p class="headline">${HEADLINE} was not measured.</p>`
  const changed = pairs && difference(measure, pairs)
  const told = changed
    ? html`<p>
        ${change(changed.value, measure)}${measure.isYesNo ? ' points' : ''} against the baseline:
        ${verdictOf(changed, measure)}.
      </p>`
    : ''
  return html`<div class="headline">
    <p><b>${figure(now.value, measure)}</b> <span>${HEADLINE}</span></p>
    <p class="soft">95 % interval ${interval(now, measure)}, ${counted(now.n, 'question')}</p>
    ${told}
  </div>`
}

/** Every measure with its interval; with a baseline, its difference question by question. */
export function measureTable(run: Run, measures: readonly Measure[], pairs: readonly Pair[] | null): Markup {
  const rows = measures.map((measure) => {
    const now = estimate(measure, run.questions)
    const changed = pairs && difference(measure, pairs)
    const found = pairs ? (changed?.detectable ?? Number.NaN) : detectableAlone(measure, run.questions)
    // Of a share, no difference is larger than 1: these are too few questions to show any.
    const least = measure.isShare && found > 1 ? Number.NaN : found
    return html`<tr>
      <th scope="row">
        ${breakable(measure.name)}<small
          >${counted(now?.n ?? 0, 'question')}${measure.better === 'less' ? ', less is better' : ''}</small
        >
      </th>
      <td class="bars">${now && measure.isShare ? bar(now) : ''}</td>
      <td>${now ? html`<b>${figure(now.value, measure)}</b><small>${interval(now, measure)}</small>` : '–'}</td>
      ${pairs ? html`<td>${changed ? differenceCell(changed, measure) : '–'}</td>` : ''}
      <td>${change(least, measure).replace('+', '')}</td>
    </tr>`
  })
  const columns: Part = ['measure', '', 'value', ...(pairs ? ['against the baseline'] : []), 'would be seen'].map(
    (name, at) => html`<th scope="col" ${at === 1 ? html` class="bars"` : ''}>${name}</th>`,
  )
  return html`<table class="measures">
      <thead>
        <tr>
          ${columns}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${note(pairs, measures.length)}`
}

function differenceCell(changed: Difference, measure: Measure): Markup {
  if (changed.changed === 0) return html`=<small>no question differs</small>`
  const bounds = `[${change(changed.low, measure)}, ${change(changed.high, measure)}]`
  const verdict = verdictOf(changed, measure)
  return html`<b class="${verdict === 'better' || verdict === 'worse' ? verdict : ''}"
      >${change(changed.value, measure)}</b
    >
    ${verdict}<small>${bounds}</small><small>${counted(changed.changed, 'differs', 'differ')}</small>`
}

/** Only what the interval leaves no doubt of is called better or worse, and never a handful of questions. */
function verdictOf({ low, high, changed }: Difference, { better }: Measure): string {
  if (changed === 0) return 'no question differs'
  if (better === 'neither') return 'differs'
  if (changed < FEWEST || Number.isNaN(low) || (low <= 0 && high >= 0)) return 'within chance'
  return low > 0 === (better === 'more') ? 'better' : 'worse'
}

function note(pairs: readonly Pair[] | null, measured: number): Markup {
  const what = pairs
    ? `“Against the baseline” compares ${counted(pairs.length, 'question')} one by one. Where nothing changed, one interval in twenty still leaves out zero by chance; there are ${measured} here.`
    : 'Without a baseline, “would be seen” is for two runs whose errors have nothing to do with each other; compared question by question, smaller differences show.'
  return html`<p class="note">
    Intervals are 95 %: Wilson for yes or no, else a bootstrap over clusters. “–” was not measured, and counts nowhere.
    Percentages differ by points. “Would be seen” is the smallest difference that this set shows four times in five.
    ${what}
  </p>`
}

/** What only a whole set has: refusals against answers, confidence, time and money. */
export function setTable(run: Run, baseline: Run | null): Markup {
  const figures = figuresOf(run.questions, run.timingsMs)
  const before = baseline && figuresOf(baseline.questions, baseline.timingsMs)
  const rows = Object.entries(figures).flatMap(([name, value]) => {
    if (value === null) return []
    const was = before?.[name] ?? null
    return [
      html`<tr>
        <th scope="row">${name.replaceAll('_', ' ')}</th>
        <td>${told(name, value)}${was === null ? '' : html`<small>baseline ${told(name, was)}</small>`}</td>
      </tr>`,
    ]
  })
  if (rows.length === 0) return html``
  return html`<table class="small timed">
    <caption>
      The set as a whole
    </caption>
    <thead>
      <tr>
        <th scope="col">figure</th>
        <th scope="col">value</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}

function told(name: string, value: number): string {
  if (/_ms_p\d+$/.test(name)) return milliseconds(value)
  if (name.endsWith('_tokens')) return String(value)
  if (name === 'cost_usd') return `$${value.toFixed(4)}`
  return /^(?:auroc|aurc)$/.test(name) ? value.toFixed(3) : percentOf(value)
}
