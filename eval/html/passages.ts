// The ranked passages of a question: which hold a listed place, which were quoted, and their words.
import type { Asked, Outcome } from '../record.ts'
import { html, type Markup } from './markup.ts'
import { score } from './figures.ts'

type Passage = Outcome['passages'][number]
type Range = { readonly start: number; readonly end: number }

/** `room`: how many characters of a passage are shown. */
export function passageList({ outcome, held }: Asked, room: number): Markup {
  if (!outcome || outcome.passages.length === 0) return html`<p class="soft">No passage was found.</p>`
  const rows = outcome.passages.map((passage, at) => {
    const places = held.passages[at] ?? []
    const gold = places.length > 0 ? html` <b class="chip gold">★ holds ${placesOf(places)}</b>` : ''
    const numbers = [...new Set(outcome.citations.flatMap((each) => (each.passage === passage.n ? [each.n] : [])))]
    const quoted =
      numbers.length > 0 ? html` <span class="chip">quoted by ${numbers.map((n) => `[${n}]`).join(' ')}</span>` : ''
    const path = [...new Set([passage.title, ...passage.headings])].join(' › ')
    return html`<li>
      <details>
        <summary>${passage.n}. ${path} <span class="soft">score ${score(passage.score)}</span>${gold}${quoted}</summary>
        <p class="soft">${passage.file}, characters ${passage.span.start} to ${passage.span.end}</p>
        ${passageText(passage, outcome, room)}
      </details>
    </li>`
  })
  return html`<ol class="passages">
    ${rows}
  </ol>`
}

export function placesOf(places: readonly number[]): string {
  return places.map((at) => `place ${at + 1}`).join(', ')
}

/** A window that begins shortly before the first marked words: of a long passage, they are what one wants to see. */
function passageText(passage: Passage, outcome: Outcome, room: number): Markup {
  const { text, span, file } = passage
  const inside = (places: readonly Range[]): Range[] =>
    places
      .map(({ start, end }) => ({
        start: Math.max(0, start - span.start),
        end: Math.min(text.length, end - span.start),
      }))
      .filter(({ start, end }) => start < end)
  const gold = inside((outcome.evidence ?? []).filter((each) => each.text === file))
  const quoted = inside(outcome.citations.flatMap((each) => (each.passage === passage.n ? [each.span] : [])))
  const first = Math.min(...[...gold, ...quoted].map(({ start }) => start))
  const begin = text.length <= room || first + 200 < room ? 0 : Math.min(first - 80, text.length - room)
  const from = whole(text, Math.max(0, begin))
  const to = whole(text, Math.min(text.length, from + room))
  const left = from + text.length - to
  const note =
    left > 0 ? html`<p class="soft">${left} of ${text.length} characters are left out here; the run has them.</p>` : ''
  return html`<span class="text"
      >${from > 0 ? '… ' : ''}${marked(text, { start: from, end: to }, gold, quoted)}${to < text.length ? ' …' : ''}</span
    >${note}`
}

/** Not between the halves of one character. */
function whole(text: string, at: number): number {
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at
}

/** Listed words are marked, quoted words are underlined, and where they overlap they are both. */
function marked(text: string, shown: Range, gold: readonly Range[], quoted: readonly Range[]): Markup[] {
  const edges = [...gold, ...quoted].flatMap(({ start, end }) => [start, end])
  const cuts = [shown.start, ...edges.filter((at) => at > shown.start && at < shown.end), shown.end]
  const sorted = [...new Set(cuts)].sort((a, b) => a - b)
  const isIn = (ranges: readonly Range[], at: number) => ranges.some(({ start, end }) => start <= at && at < end)
  return sorted.slice(0, -1).map((start, at) => {
    const words = text.slice(start, sorted[at + 1])
    const lined = isIn(quoted, start) ? html`<u>${words}</u>` : html`${words}`
    return isIn(gold, start) ? html`<mark>${lined}</mark>` : lined
  })
}
