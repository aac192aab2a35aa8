// Charts as inline SVG: each says in words what it shows, and has its figures in a table below.
import type { Asked, Run } from '../record.ts'
import { auroc } from '../score/auroc.ts'
import { riskCurve } from '../score/risk.ts'
import { sureAnswers } from '../scores.ts'
import { bootstrap, mean } from '../stats.ts'
import { percentOf } from './figures.ts'
import { clip, html, type Markup } from './markup.ts'
import { estimate, HEADLINE, type Measure } from './measures.ts'

type Point = readonly [x: number, y: number]
type Line = { readonly name: string; readonly style: string; readonly points: readonly Point[] }

const WIDTH = 360
const HEIGHT = 230
const LEFT = 44
const RIGHT = 20
const TOP = 26
const BOTTOM = 40

export function charts(run: Run, baseline: Run | null, kinds: readonly string[], measures: readonly Measure[]): Markup {
  const headline = measures.find(({ name }) => name === HEADLINE)
  return html`<div class="charts">
    ${riskChart(run, baseline)}${depthChart(run, baseline)}${kindChart(run, baseline, kinds, headline)}
  </div>`
}

/**
 * Risk and coverage (El-Yaniv and Wiener, 2010): the answers by falling confidence, and how many of the first of them
 * are wrong. It ends where the product begins to refuse, because what was refused has no answer that could be judged.
 */
function riskChart(run: Run, baseline: Run | null): Markup {
  const lines = drawn(run, baseline, (each) => riskLine(each.questions))
  const [first] = lines
  if (!first || first.points.length === 0) return html``
  const [coverage, risk] = first.points.at(-1) ?? [0, 0]
  const told = `Of all questions, ${percentOf(coverage)} were answered, and ${percentOf(risk)} of those answers are wrong. ${separation(run.questions)}`
  const x = { label: 'answered, most confident first', of: (share: number) => share, ticks: shareTicks }
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, y]) => y)), 0.1)
  const top = Math.ceil(most * 10) / 10
  return figureOf('Risk and coverage', told, lineChart(lines, x, top, 'wrong'), lines, ['answered', percentOf], sparse)
}

function riskLine(questions: readonly Asked[]): Point[] {
  return riskCurve(sureAnswers(questions), questions.length).map(({ coverage, risk }) => [coverage, risk])
}

function separation(questions: readonly Asked[]): string {
  const value = areaOf(questions)
  if (Number.isNaN(value)) return ''
  const [low, high] = bootstrap(questions, ({ cluster }) => cluster, areaOf)
  const interval = Number.isNaN(low) ? '–' : `${percentOf(low)} to ${percentOf(high)}`
  return `An answerable question gets more confidence than an unanswerable one in ${percentOf(value)} of all such couples (AUROC, 95 % interval ${interval}).`
}

function areaOf(rows: readonly Asked[]): number {
  return auroc(sure(rows, true), sure(rows, false))
}

function sure(rows: readonly Asked[], answerable: boolean): number[] {
  return rows.flatMap((each) => (each.answerable === answerable ? (each.outcome?.confidence ?? []) : []))
}

/** From `held`, so that it has every k, whichever of them are scores. */
function depthChart(run: Run, baseline: Run | null): Markup {
  const depth = Math.max(0, ...placed(run).map(({ held }) => held.passages.length))
  if (depth === 0) return html``
  const all = Array.from({ length: depth }, (_, at) => at + 1)
  const line = (each: Run, of: (question: Asked, k: number) => number): Point[] =>
    all.map((k) => [k, mean(placed(each).map((question) => of(question, k)))])
  const lines = [
    ...drawn(run, baseline, (each) => line(each, hit), 'one of them'),
    ...drawn(run, baseline, (each) => line(each, recall), 'share of them', '2'),
  ]
  const at = (k: number) => percentOf(lines[0]?.points[Math.min(k, depth) - 1]?.[1] ?? Number.NaN)
  const told = `Of ${placed(run).length} questions with listed places, the first passage holds one for ${at(1)}, the first five for ${at(5)}.`
  const x = {
    label: 'first passages',
    of: (k: number) => (depth === 1 ? 0 : (k - 1) / (depth - 1)),
    ticks: all.map((k) => [k, String(k)] as const),
  }
  return figureOf('Listed places in the first passages', told, lineChart(lines, x, 1, 'found'), lines, ['k', String])
}

function placed({ questions }: Run): Asked[] {
  return questions.filter(({ places, outcome }) => places.length > 0 && outcome)
}

function hit({ held }: Asked, k: number): number {
  return held.passages.slice(0, k).some(({ length }) => length > 0) ? 1 : 0
}

function recall({ held, places }: Asked, k: number): number {
  return new Set(held.passages.slice(0, k).flat()).size / places.length
}

/** The same line of the run and, paler, of its baseline. */
function drawn(run: Run, baseline: Run | null, points: (run: Run) => readonly Point[], name = '', style = '1'): Line[] {
  const named = (whose: string) => [name, whose].filter(Boolean).join(', ')
  const now = { name: named(baseline ? 'this run' : ''), style: `line${style}`, points: points(run) }
  return baseline ? [now, { name: named('baseline'), style: `line${style} past`, points: points(baseline) }] : [now]
}

type Axis = {
  readonly label: string
  readonly of: (x: number) => number
  readonly ticks: readonly (readonly [number, string])[]
}

const shareTicks = [0, 0.25, 0.5, 0.75, 1].map((share) => [share, percentOf(share)] as const)

function lineChart(lines: readonly Line[], x: Axis, top: number, label: string): Markup {
  const across = (value: number) => (LEFT + x.of(value) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const down = (value: number) => (HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  const grid = [0, 0.5, 1].map((share) => {
    const y = down(share * top)
    return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" /><text
        class="end"
        x="${LEFT - 5}"
        y="${y}"
        dy="4"
        >${percentOf(share * top)}</text
      >`
  })
  const ticks = x.ticks.map(
    ([value, text]) => html`<text class="mid" x="${across(value)}" y="${HEIGHT - BOTTOM + 15}">${text}</text>`,
  )
  // The baseline first: what is asked about is drawn over it.
  const paths = lines.toReversed().map(({ points, style }) => {
    const path = points.map(([px, py]) => `${across(px)},${down(py)}`).join(' ')
    const dots =
      points.length > 20
        ? []
        : points.map(([px, py]) => html`<circle class="${style}" cx="${across(px)}" cy="${down(py)}" r="3" />`)
    return html`<polyline class="${style}" points="${path}" />${dots}`
  })
  const middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label} by ${x.label}">
    ${grid}${ticks}
    <text class="mid soft" x="${middle}" y="${HEIGHT - 6}">${x.label}</text>
    <text class="soft" x="4" y="${TOP - 13}">${label}</text>
    ${paths}
  </svg>`
}

type Shown = (points: readonly Point[]) => readonly Point[]

/** A table of two hundred points helps nobody: those that come first after every tenth. */
const sparse: Shown = (points) =>
  points.filter(
    ([x], at) => at === points.length - 1 || Math.floor(x * 10) > Math.floor((points[at - 1]?.[0] ?? 0) * 10),
  )

function figureOf(
  title: string,
  told: string,
  drawing: Markup,
  lines: readonly Line[],
  [across, write]: readonly [string, (x: number) => string],
  shown: Shown = (points) => points,
): Markup {
  const legend =
    lines.length > 1 ? lines.map(({ name, style }) => html`<li><span class="key ${style}"></span>${name}</li>`) : []
  const tables = lines.map(({ name, points }) => {
    const rows = shown(points).map(
      ([x, y]) =>
        html`<tr>
          <th scope="row">${write(x)}</th>
          <td>${percentOf(y)}</td>
        </tr>`,
    )
    return html`<table>
      ${
        name
          ? html`<caption>
              ${name}
            </caption>`
          : ''
      }
      <thead>
        <tr>
          <th scope="col">${across}</th>
          <th scope="col">share</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`
  })
  return chart(
    title,
    told,
    drawing,
    html`<ul class="legend">
      ${legend}
    </ul>`,
    tables,
  )
}

function chart(title: string, told: string, drawing: Markup, legend: Markup, tables: readonly Markup[]): Markup {
  const figures =
    tables.length > 0
      ? html`<details>
          <summary>The figures</summary>
          <div class="side">${tables}</div>
        </details>`
      : ''
  return html`<figure>
    <h3>${title}</h3>
    ${drawing}${legend}
    <figcaption>${told}</figcaption>
    ${figures}
  </figure>`
}

/** The headline; its figures stand in the tables by kind, so they are not told again. */
function kindChart(run: Run, baseline: Run | null, kinds: readonly string[], headline: Measure | undefined): Markup {
  if (!headline?.isYesNo) return html``
  const left = 128
  const across = (share: number) => (left + share * (WIDTH - left - RIGHT)).toFixed(1)
  const step = 19
  const ofKind = (each: Run, kind: string) =>
    estimate(
      headline,
      each.questions.filter((question) => question.kind === kind),
    )
  const rows = kinds.flatMap((kind, at) => {
    const now = ofKind(run, kind)
    const past = baseline && ofKind(baseline, kind)
    const y = TOP + at * step + step / 2
    if (!now) return []
    const before = past ? html`<circle class="line1 past" cx="${across(past.value)}" cy="${y}" r="5" />` : ''
    return [
      html`<text class="end" x="${left - 8}" y="${y}" dy="4">${clip(kind, 18)}</text
        ><line class="line1" x1="${across(now.low)}" x2="${across(now.high)}" y1="${y}" y2="${y}" />${before}<circle
          class="line1"
          cx="${across(now.value)}"
          cy="${y}"
          r="3.5"
        />`,
    ]
  })
  if (rows.length === 0) return html``
  const foot = TOP + kinds.length * step
  const ticks = [0, 0.5, 1].map(
    (share) =>
      html`<line class="grid" x1="${across(share)}" x2="${across(share)}" y1="${TOP}" y2="${foot}" /><text
          class="mid"
          x="${across(share)}"
          y="${foot + 15}"
          >${percentOf(share)}</text
        >`,
  )
  const drawing = html`<svg viewBox="0 0 ${WIDTH} ${foot + 24}" role="img" aria-label="${headline.name} by kind">
    ${ticks}${rows}
  </svg>`
  const told = `How many questions ended as they should, with 95 % intervals${baseline ? '; the ring is the baseline' : ''}. The figures stand under “By kind”.`
  return chart(`${headline.name} by kind`, told, drawing, html``, [])
}
