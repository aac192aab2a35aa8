// A run, beside a baseline or alone, as one HTML file that asks nothing of anybody.
import type { Asked, Run } from '../record.ts'
import { charts } from './charts.ts'
import { counted } from './figures.ts'
import { flipList, flipsOf } from './flips.ts'
import { kindTables } from './kinds.ts'
import { html, type Markup, sourceOf } from './markup.ts'
import { measuresOf, type Pair, pairsOf } from './measures.ts'
import { questionOf, type State, stateNames, stateOf } from './question.ts'
import { style } from './style.ts'
import { header, headline, measureTable, setTable } from './summary.ts'

/** Nothing may be fetched or run: should markup ever slip in, it stays as dead as the page. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** The same runs give the same bytes. */
export function htmlOf(run: Run, baseline: Run | null): string {
  const measures = measuresOf(run, baseline)
  const pairs = baseline && pairsOf(run, baseline)
  const kinds = [...new Set(run.questions.map(({ kind }) => kind))].sort()
  const flips = pairs && flipsOf(measures, pairs)
  const flipped = new Set(flips?.map(({ pair }) => pair.now))
  const strangers = pairs ? run.questions.length + (baseline?.questions.length ?? 0) - 2 * pairs.length : 0
  const sections: readonly (readonly [string, string, Markup])[] = [
    [
      'summary',
      'Summary',
      html`${headline(run, measures, pairs)}${measureTable(run, measures, pairs)}${setTable(run, baseline)}`,
    ],
    ['charts', 'Charts', charts(run, baseline, kinds, measures)],
    ['kinds', 'By kind', kindTables(run, kinds, measures, pairs)],
    ...(flips ? [['flips', 'Flipped questions', flipList(flips, strangers)] as const] : []),
    ['questions', 'Questions', questions(run, kinds, pairs, flipped)],
  ]
  const links = sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)
  const body = sections.map(
    ([id, title, content]) =>
      html`<section id="${id}">
        <h2>${title}</h2>
        ${content}
      </section>`,
  )
  return `<!doctype html>\n${sourceOf(
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${run.name} – Footnote, evaluation</title>
        ${style}
      </head>
      <body>
        ${header(run, baseline)}
        <nav aria-label="Sections">
          <ul>
            ${links}
          </ul>
        </nav>
        <main>${body}</main>
      </body>
    </html>`,
  )}\n`
}

function questions(
  run: Run,
  kinds: readonly string[],
  pairs: readonly Pair[] | null,
  flipped: ReadonlySet<Asked>,
): Markup {
  const before = new Map(pairs?.map((pair) => [pair.now, pair.before]))
  const room = roomOf(run)
  const groups = kinds.map((kind) => {
    const all = run.questions.filter((each) => each.kind === kind)
    const shown = all.map((each) =>
      questionOf(each, { run, room, before: before.get(each) ?? null, isFlipped: flipped.has(each) }),
    )
    return html`<div class="group">
      <h3>${kind} <small>${counted(all.length, 'question')}</small></h3>
      ${shown}
    </div>`
  })
  return html`${filter(run, flipped)}${groups}`
}

/** Radio buttons and a rule of style for each: which questions are shown, without a script. */
function filter({ questions }: Run, flipped: ReadonlySet<Asked>): Markup {
  const count = (state: State) => questions.filter((each) => stateOf(each) === state).length
  const choices = [
    ['all', 'all', questions.length] as const,
    ...(['wrong', 'fault', 'unscored', 'right'] as const).map(
      (state) => [state, stateNames[state], count(state)] as const,
    ),
    ['flipped', 'flipped', flipped.size] as const,
  ].filter(([, , n]) => n > 0)
  const buttons = choices.map(
    ([value, name, n]) =>
      html`<label
        ><input type="radio" name="show" id="show-${value}" ${value === 'all' ? html` checked` : ''} /> ${name}
        (${n})</label
      >`,
  )
  return html`<fieldset class="filter">
    <legend>Show</legend>
    ${buttons}
  </fieldset>`
}

/** Characters that all passages together may take: with the rest of it, 250 questions stay below 5 MB. */
const ROOM = 1_800_000

function roomOf({ questions }: Run): number {
  const passages = questions.reduce((sum, { outcome }) => sum + (outcome?.passages.length ?? 0), 0)
  return Math.max(200, Math.floor(ROOM / Math.max(1, passages)))
}
