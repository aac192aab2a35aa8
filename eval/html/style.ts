// The looks of a report: by the light of the system, from 360 px to wide, and on paper.
import { html } from './markup.ts'

// By another name, because the formatter takes what is called html apart.
const sheet = html

/** One rule per choice of the filter; where a link leads is shown whatever is chosen. */
const shown = (['wrong', 'right', 'fault', 'unscored', 'flipped'] as const).map(
  (
    each,
  ) => sheet`main:has(#show-${each}:checked) :is(.q:not(.${each}, :has(:target)), .group:not(:has(.q.${each}, :target))) { display: none }
`,
)

export const style = sheet`<style>
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbfaf6, #171512);
  --raised: light-dark(#fff, #201d19);
  --ink: light-dark(#211e1a, #ebe6dc);
  --soft: light-dark(#655e54, #aaa294);
  --line: light-dark(#e3ddd0, #3b362f);
  --accent: light-dark(#7a2e1d, #f0a58c);
  --past: light-dark(#857c6e, #8d8577);
  --second: light-dark(#1f5c8a, #7db8e0);
  --mark: light-dark(#ffe9a3, #5c4a14);
  --good: light-dark(#1d6338, #8fd0a4);
  --bad: light-dark(#a3211a, #ff9c8f);
}
* { box-sizing: border-box }
body { max-width: 76rem; margin: 0 auto; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; font-variant-numeric: tabular-nums }
a { color: var(--accent); text-underline-offset: .2em }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
h1, h2, h3, h4, h5 { line-height: 1.25; margin: 1.5rem 0 .5rem; text-wrap: balance }
h1 { font-size: 1.75rem; margin: 0 }
h2 { font-size: 1.35rem; margin-top: 2.5rem; padding-top: .75rem; border-top: 1px solid var(--line) }
h3 { font-size: 1.05rem }
h4 { font-size: 1rem; display: inline; font-weight: 600 }
h5 { font-size: .875rem; color: var(--soft) }
p { margin: .25rem 0 .5rem }
small, .soft, .note, figcaption { color: var(--soft); font-size: .8125rem; font-weight: 400 }
.note { max-width: 48rem }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
nav ul, .legend, .moves, .filter { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: .75rem 0; padding: 0 }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: .75rem 0 }
.facts div { min-width: 4.5rem }
dt { color: var(--soft); font-size: .8125rem }
dd { margin: 0 }
td small, th small, dd small { display: block }
summary { cursor: pointer }

.headline b { font-size: 2.75rem; line-height: 1.1; color: var(--accent) }
.headline span { font-size: 1.125rem }
.headline p { margin: 0 0 .25rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 .5rem; font-size: .9375rem }
table.small { font-size: .8125rem; margin: .5rem 0 }
caption { text-align: left; font-weight: 600; padding: .25rem 0 }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line) }
th:last-child, td:last-child { padding-right: 0 }
th { font-weight: 600 }
tbody th { min-width: 7.5em }
.kinds tbody th { min-width: 8.2em }
td, thead th { overflow-wrap: normal }
td small { white-space: nowrap }
thead th { color: var(--soft); font-weight: 400; font-size: .8125rem; vertical-align: bottom }
.timed { max-width: 30rem }
td.bars { width: 22%; min-width: 6rem }
.bar { display: block; width: 100%; min-width: 3rem; height: .75rem; margin-top: .375rem }
.bar .track { fill: var(--line) } .bar .fill { fill: var(--past) } .bar .span { fill: var(--ink) }
.better { color: var(--good) } .worse { color: var(--bad) }
.kinds { columns: 24rem; column-gap: 2rem }
.measure { break-inside: avoid; padding-bottom: .75rem }
.measure summary { font-weight: 600 }
.measure td:nth-child(3) { width: 20% }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 2rem }
figure { margin: 0; break-inside: avoid }
figure > svg { display: block; width: 100%; max-width: 30rem; height: auto }
figure h3 { margin-top: .5rem }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink) }
svg .soft { fill: var(--soft) } svg .mid { text-anchor: middle } svg .end { text-anchor: end }
svg .grid { stroke: var(--line) }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round } line.line1 { stroke-width: 2 }
.line1 { stroke: var(--accent) } .line2 { stroke: var(--second) }
circle.line1 { fill: var(--accent) } circle.line2 { fill: var(--second) }
polyline.past, line.past { stroke-dasharray: 4 3; opacity: .75 }
circle.past { fill: none; stroke-width: 1.5 }
.key { display: inline-block; width: 1.5rem; margin-right: .375rem; vertical-align: .25rem; border-top: 2px solid var(--accent) }
.key.line2 { border-color: var(--second) } .key.past { border-top-style: dashed }
.legend { font-size: .8125rem; margin: .25rem 0 }
.side { display: flex; flex-wrap: wrap; gap: 0 2rem } .side table { width: auto }

.chip { display: inline-block; font-size: .75rem; font-weight: 400; line-height: 1.3; padding: .0625rem .375rem; border: 1px solid currentColor; border-radius: .25rem; color: var(--soft); vertical-align: .0625rem }
.chip.right, .chip.verbatim, .chip.supported { color: var(--good) }
.chip.wrong, .chip.fault, .chip.unsupported, .fault { color: var(--bad) }
.chip.gold { background: var(--mark); color: var(--ink) }
.flips { padding-left: 1.75rem } .flips > li { margin-bottom: .5rem; break-inside: avoid }
.moves { margin: 0; font-size: .8125rem; gap: 0 1rem }
.filter { border: 1px solid var(--line); border-radius: .375rem; padding: .375rem .75rem .5rem } .filter legend { color: var(--soft); font-size: .8125rem }
.q { border: 1px solid var(--line); border-radius: .375rem; background: var(--raised); margin: .375rem 0; padding: .5rem .75rem }
.q > summary { scroll-margin: 1rem }
.body { scroll-margin-top: 4.5rem }
.asked { display: grid; grid-template-columns: minmax(5rem, 8rem) 1fr; gap: .25rem .75rem; margin: .75rem 0 }
.asked ul { list-style: none; padding: 0 } .asked ul, .asked ol { margin: 0 } .asked ol, .passages { padding-left: 1.25rem }
.statements, .passages { margin: .25rem 0 } .statements { padding: 0; list-style: none }
.statements > li { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; padding: .375rem 0; border-top: 1px solid var(--line); break-inside: avoid }
.statements p, .text { white-space: pre-wrap }
.passages { list-style: none; padding: 0 } .passages > li { padding: .125rem 0 }
.text { display: block; margin: .25rem 0; background: var(--paper); border-left: 2px solid var(--line); padding: .5rem .75rem; font-size: .875rem }
blockquote { margin: 0 0 .25rem; padding-left: .75rem; border-left: 2px solid var(--line); font-size: .875rem }
mark { background: var(--mark); color: inherit } u { text-decoration-thickness: 2px; text-underline-offset: .2em; text-decoration-color: var(--accent) }

${shown}
@media (max-width: 40rem) {
  body { padding: .75rem; font-size: .9375rem }
  .bars { display: none }
  table { font-size: .8125rem }
  th, td { padding-right: .5rem }
  .measures td small { white-space: normal }
  .statements > li, .asked { grid-template-columns: 1fr }
  .asked dd { margin-bottom: .5rem }
}
@media print {
  @page { size: A4; margin: 16mm 14mm }
  :root { color-scheme: light }
  body { max-width: none; padding: 0; font-size: 9.5pt; background: none }
  nav, .filter { display: none }
  h2, h3, h4, h5, .q > summary { break-after: avoid }
  table, table.small { font-size: 8.5pt }
  th, td { padding-block: .75mm }
  small, .soft, .note, figcaption, dt { font-size: 8pt }
  .kinds :is(th, td) { padding-right: 1.5mm }
  summary { list-style: none }
  h5, blockquote, .text { font-size: 9pt }
  tr, .measure, figure, blockquote { break-inside: avoid }
  thead { display: table-header-group }
  .q { border-width: 1px 0 0; border-radius: 0; padding: 2mm 0 }
  :is(.q, .measure)::details-content { content-visibility: visible; display: block; block-size: auto }
  .charts { grid-template-columns: 1fr 1fr }
  .kinds { columns: 2 }
  #questions { break-before: page }
  .bar, .chip.gold, mark { print-color-adjust: exact }
}
</style>`
