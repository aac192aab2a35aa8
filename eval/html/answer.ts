// An answer with its citations opened beside it: statement, verdict, quotes.
import type { Asked, Outcome } from '../record.ts'
import { html, type Markup } from './markup.ts'
import { placesOf } from './passages.ts'

export function answerOf({ outcome, fault, held }: Asked): Markup {
  if (fault !== null) return html`<p class="fault"><b>It could not be answered:</b> ${fault}</p>`
  if (!outcome) return html`<p class="fault">There is no answer, and no reason why.</p>`
  const refusal = outcome.status === 'answered' ? '' : refusalOf(outcome)
  if (outcome.answer === '') return html`${refusal || html`<p class="soft">The answer is empty.</p>`}`
  const rows = piecesOf(outcome).map(({ text, statement }) => {
    if (!statement)
      return html`<li>
        <p>${text}</p>
        <p class="soft">belongs to no statement</p>
      </li>`
    const quotes = statement.citations.map((n) => quoteOf(n, outcome, held))
    return html`<li>
      <p>${text} <span class="chip ${statement.verdict}">${statement.verdict}</span></p>
      <div>${quotes.length > 0 ? quotes : html`<p class="soft">no citation</p>`}</div>
    </li>`
  })
  return html`${refusal}
    <ol class="statements">
      ${rows}
    </ol>`
}

function refusalOf({ status, reason, missing }: Outcome): Markup {
  const words =
    missing.length > 0 ? html` Looked for, and in none of the best passages: <b>${missing.join(', ')}</b>.` : ''
  return html`<p class="refusal">
    <b>${status === 'abstained' ? 'Refused' : 'Stopped'}</b>${reason === null ? '' : `: ${reason}`}.${words}
  </p>`
}

/** A citation that two statements share stands beside both: nobody has to look for it. */
function quoteOf(n: number, { citations }: Outcome, held: Asked['held']): Markup {
  const at = citations.findIndex((each) => each.n === n)
  const citation = citations[at]
  if (!citation) return html`<p class="fault">[${n}] is no citation of this answer.</p>`
  const places = held.citations[at] ?? []
  const gold = places.length > 0 ? html` <b class="chip gold">★ ${placesOf(places)}</b>` : ''
  const faults = [
    citation.isValid ? '' : html` <b class="chip wrong">not the stored words</b>`,
    citation.isInPassage ? '' : html` <b class="chip wrong">outside of its passage</b>`,
  ]
  const { file, span, passage } = citation
  return html`<blockquote>
    <b>[${n}]</b> <q>${citation.quote}</q>
    <p class="soft">passage ${passage} · ${file}, ${span.start} to ${span.end}${gold}${faults}</p>
  </blockquote>`
}

type Piece = { readonly text: string; readonly statement: Outcome['statements'][number] | null }

/** Statements in their order, and what stands between them, but for the markers that end the statement before. */
function piecesOf({ answer, statements }: Outcome): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const statement of statements.toSorted((a, b) => a.start - b.start)) {
    pieces.push({ text: between(answer.slice(end, statement.start)), statement: null })
    pieces.push({ text: answer.slice(statement.start, statement.end), statement })
    end = Math.max(end, statement.end)
  }
  pieces.push({ text: between(answer.slice(end)), statement: null })
  return pieces.filter(({ text, statement }) => statement || /\p{L}|\p{N}/u.test(text))
}

function between(text: string): string {
  return text.replace(/^(?:\s*\[\d+\])+/, '').trim()
}
