// One question, from what was asked to what became of it.
import { factCoverage } from '../score/facts.ts'
import type { Asked, Run } from '../record.ts'
import { answerOf } from './answer.ts'
import { milliseconds, score } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { rightness } from './measures.ts'
import { passageList } from './passages.ts'

export type State = 'right' | 'wrong' | 'fault' | 'unscored'

export const stateNames: Readonly<Record<State, string>> = {
  right: '✓ right',
  wrong: '✗ wrong',
  fault: '! could not be answered',
  unscored: '– not scored',
}

export function stateOf(question: Asked): State {
  if (question.fault !== null || !question.outcome) return 'fault'
  const right = rightness(question)
  return right === null ? 'unscored' : right === 1 ? 'right' : 'wrong'
}

/** A place in the page, from an id that may have any characters; two ids never share one. */
export function anchorOf({ id }: Asked): string {
  return `q-${id.replace(/[^\w-]/gu, (each) => `.${each.codePointAt(0)?.toString(16)}.`)}`
}

export type Setting = {
  readonly run: Run
  /** characters of a passage that are shown */
  readonly room: number
  /** the same question of the baseline, where it asked it */
  readonly before: Asked | null
  readonly isFlipped: boolean
}

/** Closed at first. Its anchor stands inside: a browser opens what holds the place that a link leads to. */
export function questionOf(question: Asked, setting: Setting): Markup {
  const state = stateOf(question)
  const chips = html`<span class="chip ${state}">${stateNames[state]}</span
    >${setting.isFlipped ? html` <span class="chip">flipped</span>` : ''}${question.answerable ? '' : html` <span class="chip">unanswerable</span>`}`
  return html`<details class="q ${state}${setting.isFlipped ? ' flipped' : ''}">
    <summary>
      <h4>${question.question}</h4>
      <small>${question.id}</small> ${chips}
    </summary>
    <div class="body" id="${anchorOf(question)}">
      ${asked(question)}
      <h5>Answer</h5>
      ${answerOf(question)}${earlier(setting)}
      <h5>Passages, best first</h5>
      ${passageList(question, setting.room)}${numbers(question, setting)}
    </div>
  </details>`
}

function asked(question: Asked): Markup {
  const { history, outcome, facts, answerable } = question
  const turns = history.map(
    (turn) =>
      html`<dt>asked before</dt>
        <dd>
          ${turn.question}
          <p class="soft">${turn.answer}</p>
        </dd>`,
  )
  const query =
    outcome && outcome.query !== question.question
      ? html`<dt>searched for</dt>
          <dd>${outcome.query}</dd>`
      : ''
  const needed = facts.map((wordings) => {
    const isSaid = outcome !== null && factCoverage([wordings], outcome.answer) === 1
    return html`<li>
      ${isSaid ? '✓' : '✗'} ${wordings.join(' or ')}<span class="unseen"> (${isSaid ? 'said' : 'not said'})</span>
    </li>`
  })
  const listed = listedPlaces(question)
  return html`<dl class="asked">
    ${turns}${query}${
      needed.length > 0
        ? html`<dt>needed facts</dt>
            <dd>
              <ul>
                ${needed}
              </ul>
            </dd>`
        : ''
    }
    <dt>listed places</dt>
    <dd>
      ${
        listed.length > 0
          ? html`<ol>
              ${listed}
            </ol>`
          : answerable
            ? 'none'
            : 'none: the library does not hold an answer'
      }
    </dd>
  </dl>`
}

function listedPlaces({ places, held, outcome }: Asked): Markup[] {
  return places.map(({ file, lines, text }, at) => {
    const ranks = held.passages.flatMap((each, rank) =>
      each.includes(at) ? [`in passage ${outcome?.passages[rank]?.n ?? rank + 1}`] : [],
    )
    const [from, to] = lines
    return html`<li>
      ${file}, ${from === to ? `line ${from}` : `lines ${from} to ${to}`}: ${ranks.join(', ') || 'in no passage'}
      <p class="soft">${text}</p>
    </li>`
  })
}

/** What the baseline said, of a flipped question only: elsewhere it would double the page to say the same. */
function earlier({ before, isFlipped }: Setting): Markup {
  if (!before || !isFlipped) return html``
  const { outcome, fault } = before
  const text = outcome
    ? outcome.answer || [outcome.status, outcome.reason].filter(Boolean).join(': ')
    : (fault ?? 'no answer')
  return html`<details>
    <summary>The baseline’s answer</summary>
    <span class="text">${text}</span>
  </details>`
}

function numbers(question: Asked, { run, before }: Setting): Markup {
  const scores = Object.entries(question.scores).map(([name, value]) => {
    const past = before && Object.hasOwn(before.scores, name) ? (before.scores[name] ?? null) : value
    return html`<div>
      <dt>${name}</dt>
      <dd>${score(value)}${past === value ? '' : html`<small>was ${score(past)}</small>`}</dd>
    </div>`
  })
  const times = Object.hasOwn(run.timingsMs, question.id) ? run.timingsMs[question.id] : undefined
  const told = [
    `Confidence ${score(question.outcome?.confidence ?? null)}.`,
    ...(times
      ? [
          `Retrieved after ${milliseconds(times.retrieve)}, first text after ${milliseconds(times.firstText)}, done after ${milliseconds(times.total)}.`,
        ]
      : []),
  ]
  return html`<h5>Scores</h5>
    <dl class="facts">${scores}</dl>
    <p class="soft">${told.join(' ')}</p>`
}
