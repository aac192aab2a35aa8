// @ts-check
// What stands under an answer that has ended: verdicts and footnotes, the nearest passages, or a fault.
import { verdicts } from './answer.js'
import { button, counted, element, placeName, readerPath } from './dom.js'
import { Problem } from './events.js'

/** @import { Answer, Citation, Failure, Passage, Statement, TurnDeps } from './wire' */

/** @type {Record<string, string>} */
const refusals = {
  'empty-library': 'There are no documents in it yet.',
  'partly-covered': 'It touches on the subject, but does not say what was asked.',
  'nothing-supported': 'Nothing backs what the model wrote.',
  'model-declined': 'The passages that were found do not answer the question.',
}

/** @type {Record<string, string>} */
const faults = {
  'model-timeout': 'The model took too long.',
  'model-unavailable': 'The model could not be reached.',
  'model-rate-limited': 'The model is too busy.',
  'model-quota-spent': 'The quota of the model is spent.',
  'model-refused': 'The model refused to answer.',
  'budget-spent': 'The budget is used.',
  'model-cut-off': 'The model stopped early: the answer may be incomplete.',
}

/** @param {Answer} answer */
export function refusalSentence({ reason, missing = [] }) {
  const sentence = refusals[reason ?? ''] ?? 'Nothing in it is about this question.'
  const apart = reason === 'partly-covered' ? ' What you name is in it, but not together.' : ''
  return `${sentence}${missing.length > 0 ? ` ${lackOf(missing)}` : apart}`
}

/** @param {string[]} missing */
const lackOf = (missing) => `Nothing is said of: ${missing.join(', ')}.`

/**
 * Where the answer came from.
 * @param {Answer} answer
 */
export function provenance({ mode, models, citations, timings_ms: { total } }) {
  const documents = new Set(citations.map(({ document }) => document.id)).size
  const by = mode === 'extractive' ? 'Quoted' : `By ${models.generator ?? 'a model'}`
  return `${by} from ${counted(documents, 'document')} · ${(total / 1000).toFixed(2)} s`
}

/** @param {Answer} answer */
export function notes({ status, mode, fallback, statements, citations, missing = [] }) {
  const nodes = []
  if (fallback !== null) {
    const instead = mode === 'extractive' ? ' These are the words of the library itself.' : ''
    nodes.push(element('p', { class: 'notice' }, `${faults[fallback] ?? `Fallback: ${fallback}.`}${instead}`))
  }
  if (status === 'answered' && missing.length > 0) nodes.push(element('p', { class: 'notice' }, lackOf(missing)))
  if (statements.length > 0) nodes.push(verdictKey(statements))
  if (citations.length > 0) nodes.push(footnotes(citations))
  return nodes
}

/**
 * The verdicts that occur, and how often.
 * @param {Statement[]} statements
 */
function verdictKey(statements) {
  const key = element('ul', { class: 'key', 'aria-label': 'Sentences by verdict' })
  for (const [verdict, [name, meaning]] of Object.entries(verdicts)) {
    const count = statements.filter((statement) => statement.verdict === verdict).length
    const sample = element('span', { class: `statement ${verdict}` }, name)
    if (count > 0) key.append(element('li', { title: meaning }, `${count} `, sample))
  }
  return key
}

/** @param {Citation[]} citations */
function footnotes(citations) {
  const list = element('ol', { class: 'footnotes', 'aria-label': 'Footnotes' })
  for (const citation of citations.toSorted((a, b) => a.n - b.n)) {
    const place = element('a', { href: readerPath(citation) }, placeName(citation))
    list.append(element('li', { value: String(citation.n) }, place, element('q', {}, citation.quote)))
  }
  return list
}

/** @param {Passage[]} nearest */
export function nearestPassages(nearest) {
  if (nearest.length === 0) return []
  const list = element('ul', { class: 'cards' })
  for (const passage of nearest) {
    const place = element('a', { href: readerPath(passage) }, placeName(passage))
    const excerpt = passage.text.replace(/(?<=^.{280}).+/su, ' …')
    list.append(element('li', {}, place, element('p', {}, excerpt)))
  }
  return [element('h3', {}, 'What comes nearest'), list]
}

/** @param {HTMLButtonElement[]} buttons */
export const waysOn = (...buttons) => element('p', { class: 'ways' }, ...buttons)

/** @param {Failure} failure */
export function toProblem({ code, retryable, retry_after_ms }) {
  return new Problem(code, faults[code] ?? `Something went wrong on the server (${code}).`, retryable, retry_after_ms)
}

/** @param {Problem} problem @param {TurnDeps} deps */
export function faultView({ message, retryable, retryAfterMs }, { retry, edit }) {
  const ways = waysOn(button('Change the question', edit))
  if (retryable) {
    const wait = retryAfterMs > 0 ? ` in ${Math.ceil(retryAfterMs / 1000)} s` : ''
    const again = button(`Ask again${wait}`, retry)
    again.disabled = wait !== ''
    ways.prepend(again)
    setTimeout(() => {
      again.disabled = false
      again.textContent = 'Ask again'
    }, retryAfterMs)
  }
  return element('div', { class: 'fault', role: 'alert' }, element('p', {}, message), ways)
}
