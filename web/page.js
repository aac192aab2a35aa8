// @ts-check
// The page: a form, a conversation of turns, the passage panel, and the keys.
import { byId } from './dom.js'
import { answerEvents, Problem, stopAnswer } from './events.js'
import { announce } from './live.js'
import { closePassage, openPassage, passageHasFocus } from './passage.js'
import { createTurn } from './turn.js'

/** @import { Asked, Started } from './wire' */
/** @typedef {{ aborter: AbortController, answerId: string | null }} Running */

// A server told to stop says so at once; after this long the page stops listening by itself.
const stopLimitMs = 3000

const form = byId('ask', HTMLFormElement)
const field = byId('question', HTMLTextAreaElement)
const submit = byId('submit', HTMLButtonElement)
const turns = byId('turns', HTMLElement)
const live = byId('live', HTMLElement)

/** @type {Running | null} */
let running = null
/** @type {string | null} */
let conversationId = null

/** @param {Asked} asked */
async function run(asked) {
  const { question } = asked
  const current = { aborter: new AbortController(), answerId: asked.answerId }
  const { signal } = current.aborter
  const turn = createTurn(question, {
    open: openPassage,
    say: (words) => announce(live, words),
    retry() {
      if (running !== null) return
      turn.root.remove()
      void run({ question, conversationId, answerId: isCut ? current.answerId : null })
    },
    edit() {
      field.value = question
      field.focus()
    },
  })
  // An answer whose stream was lost was stopped: what there is is read again.
  let isCut = false
  setRunning(current)
  show(turn.root, question)
  try {
    for await (const event of answerEvents(asked, signal)) {
      if (event.type === 'started') begin(event, current, question)
      turn.apply(event)
    }
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem('page', 'The answer could not be shown.', true)
    isCut = problem.code === 'connection-lost'
    if (signal.aborted) turn.stop()
    else turn.fail(problem)
    // A fault of the page itself belongs in the console too.
    if (problem !== error && !signal.aborted) reportError(error)
  } finally {
    setRunning(null)
  }
}

/**
 * The address names the answer from now on: a reload or a shared link reads what there is of it, asking nothing.
 * @param {Started} started @param {Running} current @param {string} question
 */
function begin({ id, conversation_id }, current, question) {
  current.answerId = id
  conversationId = conversation_id
  history.replaceState(null, '', `/?${new URLSearchParams({ q: question, answer: id })}`)
}

/** @param {HTMLElement} root @param {string} question */
function show(root, question) {
  closePassage()
  live.replaceChildren()
  document.body.className = 'asked'
  document.title = `${question} – Footnote`
  turns.append(root)
  if (root !== turns.firstElementChild) root.scrollIntoView()
}

/** @param {Running | null} now */
function setRunning(now) {
  running = now
  submit.textContent = now ? 'Stop' : 'Ask'
}

function stop() {
  const current = running
  const leave = () => current?.aborter.abort()
  if (!current?.answerId) return leave()
  setTimeout(leave, stopLimitMs)
  stopAnswer(current.answerId).catch(leave)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const question = field.value.trim()
  if (running !== null || question === '') return
  field.value = ''
  void run({ question, conversationId, answerId: null })
})

submit.addEventListener('click', (event) => {
  if (running === null) return
  event.preventDefault()
  stop()
})

field.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  form.requestSubmit()
})

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    if (running !== null && !passageHasFocus()) stop()
    else closePassage()
  } else if (event.key === '/' && event.target !== field && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault()
    field.focus()
  }
})

const address = new URLSearchParams(location.search)
const first = address.get('q')?.trim()
if (first) void run({ question: first, conversationId, answerId: address.get('answer') })
