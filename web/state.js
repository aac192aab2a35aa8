// @ts-check
// What the page is about: its address, the conversation, and what is open beside it. Everything shown follows from these.
import { signal } from '@preact/signals'
import { request } from './api.js'
import { createTurn, follow, storedTurn } from './turns.js'

/** @import { Asked, Conversation, Library, Opened, Suggestion, Turn } from './wire.d.ts' */

/** What the address asks for; an id stands where the view has one. */
const [, kind = '', id = ''] = /^\/(conversations|answers|library)(?:\/([^/]+))?$/.exec(location.pathname) ?? []
export const view = /** @type {'' | 'conversations' | 'answers' | 'library'} */ (kind)
const viewId = decodeURIComponent(id)

/** @type {import('@preact/signals').Signal<Turn[]>} */
export const turns = signal([])
/** @type {import('@preact/signals').Signal<{ id: string, title: string, earlier: string | null } | null>} */
export const conversation = signal(null)
/** @type {import('@preact/signals').Signal<Opened | null>} */
export const opened = signal(null)
/** @type {import('@preact/signals').Signal<Library | null>} */
export const library = signal(null)
/** @type {import('@preact/signals').Signal<Suggestion[]>} */
export const examples = signal([])
/** Whether answers are to be extracts, although there is a model. */
export const extractsOnly = signal(false)
/** What went wrong with the page itself, or what the reader should know of it. */
export const notice = signal('')
/** What stands in the field. */
export const draftQuestion = signal('')
/** Raised when the list of conversations is old. */
export const asked = signal(0)

/** The server knows a browser by a cookie, which it gives with this at the latest: nothing is asked before. */
const known = request('/v1/conversations?limit=1').catch(() => null)

export const running = () => turns.value.find(({ stop }) => stop.value !== null) ?? null

/** @param {string} question @param {Asked['mode']} [mode] */
export async function ask(question, mode = extractsOnly.value ? 'extractive' : 'auto') {
  if (running() !== null || question.trim() === '') return
  const last = turns.value.at(-1)
  const isMine = conversation.value !== null
  // In the conversation of somebody else nothing can be said: one's own begins with what was said there.
  const history = isMine || !last?.answer.value ? null : [{ question: last.asked.question, answer: last.draft.text }]
  await run(
    createTurn(
      {
        question: question.trim(),
        conversationId: conversation.value?.id ?? null,
        answerId: null,
        mode,
        history,
      },
      signal,
    ),
  )
}

/** In place of an answer that came to no end. @param {Turn} turn */
export async function askAgain(turn) {
  if (running() !== null) return
  // An answer whose stream was lost may have come to its end meanwhile: what there is is read.
  const isCut = turn.fault.value?.code === 'connection-lost'
  const again = createTurn({ ...turn.asked, answerId: isCut ? turn.asked.answerId : null }, signal)
  await run(again, turn)
}

/** @param {Turn} turn @param {Turn} [instead] */
async function run(turn, instead) {
  opened.value = null
  notice.value = ''
  turns.value = instead ? turns.value.map((each) => (each === instead ? turn : each)) : [...turns.value, turn]
  document.title = `${turn.asked.question} – Footnote`
  await known
  await follow(turn, ({ conversation_id }) => {
    conversation.value ??= { id: conversation_id, title: turn.asked.question, earlier: null }
    // The address names the conversation from now on: a reload reads what there is of it, asking nothing. Back leads to
    // the page without questions, but not to an address that would ask again.
    const address = `/conversations/${encodeURIComponent(conversation_id)}`
    if (location.pathname === '/' && location.search === '') history.pushState(null, '', address)
    else history.replaceState(null, '', address)
    asked.value++
  })
  // What was refused is to be changed, not written again.
  if (turn.fault.value?.retryable === false && draftQuestion.value === '') draftQuestion.value = turn.asked.question
  if (turn.fault.value?.code !== 'interrupted' || instead?.fault.value?.code === 'interrupted') return
  notice.value = 'The server was restarted in the middle of the answer. The question was asked again.'
  const words = notice.value
  await askAgain(turn)
  notice.value = words
}

/** Reads the conversation of the address; an answer in it that is under way is followed on. @param {() => void} shown */
export async function openConversation(shown) {
  await showConversation(viewId, shown)
}

/** Shows what was asked meanwhile on another page. */
export async function catchUp() {
  const { id } = conversation.value ?? {}
  const last = turns.value.at(-1)
  // A fault stays, with the way to ask again.
  if (!id || running() !== null || view === 'answers' || !last || last.ending.value === 'fault') return
  const found = await request(`/v1/conversations/${encodeURIComponent(id)}?limit=1`).catch(() => null)
  const isNews = found && found.answers.at(-1)?.id !== (last.answer.value?.id ?? last.asked.answerId)
  if (isNews && running() === null) await showConversation(id)
}

/** @param {string} id @param {() => void} [shown] */
async function showConversation(id, shown) {
  /** @type {Conversation} */
  const found = await request(`/v1/conversations/${encodeURIComponent(id)}`)
  conversation.value = found
  turns.value = found.answers.map((exchange) => storedTurn(exchange, found.id, signal))
  document.title = `${found.title} – Footnote`
  shown?.()
  const last = turns.value.at(-1)
  if (last && last.ending.value === null) await follow(last, () => {})
}

/** Puts the twenty exchanges before the first one in front of it. */
export async function openEarlier() {
  const { id: conversationId, earlier } = conversation.value ?? {}
  if (!conversationId || !earlier) return
  /** @type {Conversation} */
  const found = await request(
    `/v1/conversations/${encodeURIComponent(conversationId)}?before=${encodeURIComponent(earlier)}`,
  )
  conversation.value = { id: conversationId, title: found.title, earlier: found.earlier }
  turns.value = [...found.answers.map((exchange) => storedTurn(exchange, conversationId, signal)), ...turns.value]
}

/** Reads the one answer of the address; whoever began its conversation can go on in it. */
export async function openAnswer() {
  const answer = await request(`/v1/answers/${encodeURIComponent(viewId)}`)
  const exchange = { id: answer.id, question: answer.question, status: answer.status, asked_at: '', answer }
  turns.value = [storedTurn(exchange, answer.conversation_id, signal)]
  document.title = `${answer.question} – Footnote`
  const mine = await request(`/v1/conversations/${encodeURIComponent(answer.conversation_id)}?limit=1`).catch(
    () => null,
  )
  conversation.value = mine
}
