// @ts-check
// The ask box on a page of another site: a button that opens a panel, or inline. It lives in a shadow tree, out of reach
// of the page's styles, and is made of text nodes and attributes only, which every policy of a page allows.
import { answerTree, verdicts } from './answer.js'
import { addressOf, request, showKey } from './api.js'
import { button, element } from './dom.js'
import { notesOf } from './outcome-words.js'
import { hearTurn } from './live.js'
import { placeName, readerPath } from './names.js'
import { createTurn, follow } from './turns.js'

/** @import { Answer, Citation, Leaf, Place, Tree, Turn } from './wire.d.ts' */
/** @typedef {{ article: HTMLElement, status: HTMLElement, answer: HTMLElement, notes: HTMLElement, after: HTMLElement }} View */

/** @param {DOMStringMap} options the data- attributes of the tag */
export async function placeBox({ into, label = 'Ask the docs', placeholder = 'Ask a question', theme = '', key }) {
  if (key) showKey(key)
  const sheet = new CSSStyleSheet()
  const [response] = await Promise.all([fetch(addressOf('/widget.css')), whenRead()])
  sheet.replaceSync(await response.text())
  const place = into ? document.querySelector(into) : document.body
  if (place === null) throw new Error(`data-into: the page has no element ${into}.`)
  const host = element('div')
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [sheet]
  const panel = panelOf(label, placeholder)
  const box = element('div', { class: `${into ? 'inline' : 'corner'} ${theme}` }, panel)
  // Keys that are typed here are none of the page's shortcuts.
  for (const type of ['keydown', 'keypress', 'keyup']) box.addEventListener(type, (event) => event.stopPropagation())
  if (!into) makeOpenable(box, panel, label)
  root.append(box)
  // What stood in the place was for readers without the box.
  if (into) place.replaceChildren(host)
  else place.append(host)
}

/** @returns {Promise<unknown>} */
const whenRead = async () =>
  document.readyState === 'loading' &&
  (await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve)))

/** The button in the corner. @param {HTMLElement} box @param {HTMLElement} panel @param {string} label */
function makeOpenable(box, panel, label) {
  const show = (/** @type {boolean} */ isOpen) => {
    panel.hidden = !isOpen
    opener.hidden = isOpen
    ;(isOpen ? panel.querySelector('textarea') : opener)?.focus()
  }
  const opener = button(label, () => show(true))
  opener.className = 'opener'
  opener.setAttribute('aria-haspopup', 'dialog')
  const closer = button('✕', () => show(false))
  closer.setAttribute('aria-label', 'Close')
  panel.setAttribute('role', 'dialog')
  panel.hidden = true
  panel.firstElementChild?.append(closer)
  // An answer that comes is stopped first, by the panel itself.
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) show(false)
  })
  box.append(opener)
}

/** @param {string} label @param {string} placeholder */
function panelOf(label, placeholder) {
  const field = element('textarea', { rows: '1', placeholder, 'aria-label': 'Your question', maxlength: '4000' })
  const submit = element('button', {}, 'Ask')
  const form = element('form', {}, field, submit)
  const turns = element('div', { class: 'turns' })
  const log = element('div', { class: 'unseen', role: 'log', 'aria-live': 'polite' })
  const panel = element('section', { 'aria-label': label }, element('h2', {}, label), turns, form, log)
  const { ask, stop } = conversation(turns, log, submit)
  const begin = (/** @type {string} */ question) => {
    if (!ask(question)) return
    field.value = ''
    panel.querySelector('.examples')?.remove()
    // What was pressed may be gone with them, and Esc is heard where the focus is.
    if (!panel.matches(':focus-within')) submit.focus()
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    // While an answer comes the same button stops it; Enter does not.
    if (!stop()) begin(field.value)
  })
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    begin(field.value)
  })
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && stop()) event.preventDefault()
  })
  // Not before somebody is about to ask: most who open a page of the site never do.
  field.addEventListener('focus', () => void suggest(panel, begin), { once: true })
  return panel
}

/**
 * Questions and answers, each drawn whenever it changes. `ask` and `stop` say whether they did so.
 * @param {HTMLElement} turns @param {HTMLElement} log @param {HTMLElement} submit
 */
function conversation(turns, log, submit) {
  /** @type {Turn | null} */
  let last = null
  const isRunning = () => last !== null && last.stop.value !== null
  const ask = (/** @type {string} */ words) => {
    const question = words.trim()
    if (isRunning() || question === '') return false
    const view = viewOf(question)
    const conversationId = last?.asked.conversationId ?? null
    const turn = createTurn({ question, conversationId, answerId: null, mode: 'auto', history: null }, (value) => ({
      get value() {
        return value
      },
      set value(next) {
        value = next
        drawTurn(turn, view, ask)
        hearTurn(turn, log)
        submit.textContent = isRunning() ? 'Stop' : 'Ask'
      },
    }))
    last = turn
    turns.append(view.article)
    turns.scrollTop = view.article.offsetTop
    void follow(turn, () => {})
    return true
  }
  const stop = () => {
    if (!isRunning()) return false
    last?.stop.value?.()
    return true
  }
  return { ask, stop }
}

/** Questions that can be asked here, where the server has any. @param {Element} panel @param {(question: string) => void} ask */
async function suggest(panel, ask) {
  /** @type {{ suggestions: { question: string }[] } | null} */
  const found = await request('/v1/suggestions?limit=3').catch(() => null)
  if (!found || panel.querySelector('article')) return
  const examples = found.suggestions.map(({ question }) => button(question, () => ask(question)))
  panel.append(element('div', { class: 'examples' }, ...examples))
}

/** @param {string} question @returns {View} */
function viewOf(question) {
  const status = element('p', { class: 'status' })
  const answer = element('div', { class: 'answer' })
  const notes = element('ol', { class: 'footnotes', 'aria-label': 'Footnotes' })
  const after = element('div')
  const article = element('article', {}, element('h3', { dir: 'auto' }, question), status, answer, notes, after)
  article.addEventListener('click', (event) => {
    const marker = event.target instanceof Element ? event.target.closest('.marker') : null
    // With a modifier the marker is the plain link it looks like.
    if (!marker || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    const link = notes.querySelector(`[value="${marker.getAttribute('data-n')}"] a`)
    if (link instanceof HTMLElement) link.focus()
  })
  return { article, status, answer, notes, after }
}

/** @param {Turn} turn @param {View} view @param {(question: string) => void} ask */
function drawTurn({ asked, draft, status, ending, answer, fault }, view, ask) {
  view.article.ariaBusy = String(ending.value === null)
  view.status.textContent = status.value
  view.status.classList.toggle('working', ending.value === null)
  fill(view.answer, answerTree(draft, null))
  const citations = [...draft.citations.values()].sort((a, b) => a.n - b.n)
  fill(view.notes, citations.map(noteTree))
  fill(view.after, [
    ...(fault.value ? [tree('p', { class: 'fault', role: 'alert' }, fault.value.message)] : []),
    ...(answer.value ? endTrees(answer.value) : []),
  ])
  if (fault.value?.retryable) view.after.append(button('Ask again', () => ask(asked.question)))
}

/** @param {Citation} citation */
const noteTree = (citation) =>
  tree('li', { value: citation.n, dir: 'auto' }, linkTree(citation), tree('q', {}, citation.quote))

/** @param {Answer} answer @returns {Tree[]} */
function endTrees(answer) {
  const { id, status, statements, nearest } = answer
  const counts = Object.entries(verdicts).flatMap(([verdict, [name, meaning]]) => {
    const count = statements.filter((statement) => statement.verdict === verdict).length
    return count === 0
      ? []
      : [tree('li', { title: meaning }, `${count} `, tree('span', { class: `statement ${verdict}` }, name))]
  })
  const near = status === 'abstained' ? nearest.slice(0, 3) : []
  return [
    ...notesOf(answer).map((words) => tree('p', { class: 'notice' }, words)),
    ...(counts.length > 0 ? [tree('ul', { class: 'key', 'aria-label': 'Sentences by verdict' }, ...counts)] : []),
    ...(near.length > 0 ? [tree('p', { class: 'notice' }, 'What comes nearest:')] : []),
    ...(near.length > 0
      ? [tree('ul', {}, ...near.map((passage) => tree('li', { dir: 'auto' }, linkTree(passage))))]
      : []),
    tree(
      'p',
      { class: 'notice' },
      tree('a', { href: `/answers/${encodeURIComponent(id)}` }, 'How this answer came about'),
    ),
  ]
}

/** @param {Place} place */
const linkTree = (place) => tree('a', { href: readerPath(place) }, placeName(place))

/** @param {string} tag @param {Tree['props']} props @param {Leaf[]} children @returns {Tree} */
const tree = (tag, props, ...children) => ({ tag, props, children })

/** What each parent shows. @type {WeakMap<Element, string[]>} */
const shown = new WeakMap()

/**
 * What has not changed stays the same node: focus and selection live in it.
 * @param {Element} parent @param {Tree[]} trees
 */
function fill(parent, trees) {
  const before = shown.get(parent) ?? []
  const now = trees.map((each) => JSON.stringify(each))
  for (const [at, each] of trees.entries()) {
    if (now[at] === before[at]) continue
    const old = parent.children[at]
    if (old) old.replaceWith(toNode(each))
    else parent.append(toNode(each))
  }
  while (parent.children.length > trees.length) parent.lastElementChild?.remove()
  shown.set(parent, now)
}

/** Links lead to the server, in a tab of their own. @param {Leaf} leaf @returns {Node | string} */
function toNode(leaf) {
  if (typeof leaf === 'string') return leaf
  const node = document.createElement(leaf.tag)
  for (const [name, value] of Object.entries(leaf.props))
    if (value !== undefined) node.setAttribute(name, String(value))
  if (node instanceof HTMLAnchorElement) {
    node.href = addressOf(node.getAttribute('href') ?? '')
    node.target = '_blank'
    node.rel = 'noopener'
  }
  node.append(...leaf.children.map(toNode))
  return node
}
