// @ts-check
// The reader's conversations: a list beside the page, or over it where there is no room.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { request } from './api.js'
import { html } from './html.js'
import { whenWords } from './dates.js'
import { asked, conversation, notice } from './state.js'

/** @import { ConversationRef } from './wire.d.ts' */

export function History() {
  const [query, setQuery] = useState('')
  const [list, setList] = useState(/** @type {ConversationRef[]} */ ([]))
  const [next, setNext] = useState(/** @type {string | null} */ (null))
  const [fault, setFault] = useState('')
  const [isOld, setOld] = useState(0)
  /** @param {string | null} after */
  const load = async (after) => {
    const search = new URLSearchParams({
      limit: '30',
      ...(after && { after }),
      ...(query.trim() && { q: query.trim() }),
    })
    try {
      const page = await request(`/v1/conversations?${search}`)
      setList(after ? [...list, ...page.conversations] : page.conversations)
      setNext(page.next)
      setFault('')
    } catch (error) {
      setFault(error instanceof Error ? error.message : 'Your conversations could not be read.')
    }
  }
  useEffect(() => {
    const timer = setTimeout(() => load(null), query === '' ? 0 : 200)
    return () => clearTimeout(timer)
  }, [query, asked.value, isOld])
  const reload = () => setOld(isOld + 1)
  return html`<nav id="history" popover="auto" aria-label="Your conversations">
    <a class="fresh" href="/">New conversation</a>
    <label
      ><span class="unseen">Search your conversations</span>
      <input
        type="search"
        placeholder="Search"
        value=${query}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ event) => setQuery(event.currentTarget.value)}
      />
    </label>
    ${fault && html`<p class="notice">${fault}</p>`}
    ${list.length === 0 && !fault && html`<p class="place">${query ? 'Nothing found.' : 'What you ask is kept here.'}</p>`}
    <ul>
      ${list.map((each) => html`<${Row} key=${each.id} its=${each} reload=${reload} />`)}
    </ul>
    <${LogOut} />
    ${next && html`<button type="button" onClick=${() => load(next)}>Show more</button>`}
  </nav>`
}

/** Only where somebody has logged in. */
function LogOut() {
  const [who, setWho] = useState('')
  useEffect(() => {
    const tell = (/** @type {{ type: string, name: string }} */ { type, name }) =>
      setWho(type === 'session' ? name : '')
    request('/v1/session').then(tell, () => {})
  }, [])
  return who && html`<button type="button" class="leave" onClick=${leave}>Log out (${who})</button>`
}

const leave = () => request('/v1/session', 'DELETE').then(() => location.assign('/login'))

/** @param {{ its: ConversationRef, reload: () => void }} props */
function Row({ its, reload }) {
  const [state, setState] = useState(/** @type {'shown' | 'renaming' | 'deleting'} */ ('shown'))
  const path = `/v1/conversations/${encodeURIComponent(its.id)}`
  const isHere = conversation.value?.id === its.id
  /** @param {Promise<unknown>} work */
  const finish = async (work) => {
    await work.then(
      () => reload(),
      (error) => (notice.value = error.message),
    )
    setState('shown')
  }
  /** @param {string} title */
  const rename = (title) => (title === '' ? setState('shown') : finish(request(path, 'PATCH', { title })))
  const remove = () => finish(request(path, 'DELETE').then(() => (isHere ? location.assign('/') : undefined)))
  if (state === 'renaming')
    return html`<${Rename} title=${its.title} rename=${rename} close=${() => setState('shown')} />`
  if (state === 'deleting')
    return html`<li class="deleting">
      <span>Delete “${its.title}” and its answers?</span>
      <span class="ways"
        ><button type="button" ref=${focus} onClick=${remove}>Delete</button
        ><button type="button" onClick=${() => setState('shown')}>Keep</button></span
      >
    </li>`
  return html`<li class="conversation">
    <a href=${`/conversations/${encodeURIComponent(its.id)}`} aria-current=${isHere ? 'page' : undefined} dir="auto"
      >${its.title}</a
    >
    <small>${whenWords(its.asked_at)}</small>
    <span class="tools">
      <button type="button" aria-label=${`Rename ${its.title}`} title="Rename" onClick=${() => setState('renaming')}>
        ✎
      </button>
      <button type="button" aria-label=${`Delete ${its.title}`} title="Delete" onClick=${() => setState('deleting')}>
        ✕
      </button>
    </span>
  </li>`
}

/** @param {{ title: string, rename: (title: string) => unknown, close: () => void }} props */
function Rename({ title, rename, close }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault()
    rename(field.current?.value.trim() ?? '')
  }
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key !== 'Escape') return
    // The list stays open: it is this field that is closed.
    event.preventDefault()
    close()
  }
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [])
  return html`<li>
    <form class="rename" onSubmit=${submit} onKeyDown=${press}>
      <input aria-label="New title" maxlength="200" value=${title} ref=${field} />
      <button>Save</button>
    </form>
  </li>`
}

/** @param {HTMLElement | null} element */
const focus = (element) => element?.focus()
