// @ts-check
// What there is to ask about: the documents, when they were learned last, what could not be, and a way to add some.
import { useEffect, useRef, useState } from 'preact/hooks'
import { request } from './api.js'
import { html } from './html.js'
import { dateWords, whenWords } from './dates.js'
import { counted } from './names.js'
import { Gaps } from './gaps.js'
import { library, notice } from './state.js'

/** @import { DocumentSummary, Library, Sync } from './wire.d.ts' */
/** @typedef {{ currentTarget: HTMLInputElement }} Typed */

const number = new Intl.NumberFormat('en')

export async function loadLibrary() {
  library.value = await request('/v1/library')
}

export function LibraryView() {
  const [query, setQuery] = useState('')
  const [list, setList] = useState(/** @type {DocumentSummary[] | null} */ (null))
  const [next, setNext] = useState(/** @type {string | null} */ (null))
  const its = library.value
  /** @param {string | null} after */
  const load = async (after) => {
    const search = new URLSearchParams({
      limit: '50',
      ...(after && { after }),
      ...(query.trim() && { q: query.trim() }),
    })
    try {
      const page = await request(`/v1/documents?${search}`)
      setList(after ? [...(list ?? []), ...page.documents] : page.documents)
      setNext(page.next)
    } catch (error) {
      notice.value = error instanceof Error ? error.message : 'The documents could not be read.'
    }
  }
  useEffect(() => {
    const timer = setTimeout(() => load(null), query === '' ? 0 : 200)
    return () => clearTimeout(timer)
  }, [query, its])
  return html`<section class="library">
    <h1>The library</h1>
    ${its && html`<${Facts} its=${its} /><${Progress} its=${its} /><${Failures} its=${its} />${its.uploads && html`<${Upload} />`}`}
    <${Gaps} />
    <label class="find"
      ><span class="unseen">Search the documents</span>
      <input
        type="search"
        placeholder="Search titles"
        value=${query}
        onInput=${(/** @type {Typed} */ event) => setQuery(event.currentTarget.value)}
      />
    </label>
    ${list?.length === 0 && html`<p class="place">${query ? 'No title holds these words.' : 'There are no documents yet.'}</p>`}
    <ul class="cards documents">
      ${list?.map((each) => html`<${Row} key=${each.id} its=${each} />`)}
    </ul>
    ${next && html`<button type="button" onClick=${() => load(next)}>Show more</button>`}
  </section>`
}

/** @param {{ its: Library }} props */
function Facts({ its: { documents, chunks, last_sync: sync } }) {
  return html`<p class="facts">
    <span>${number.format(documents)} ${documents === 1 ? 'document' : 'documents'}</span>
    <span>${number.format(chunks)} passages</span>
    ${sync && html`<span title=${sync.ended_at ?? sync.began_at}>Last read ${whenWords(sync.ended_at ?? sync.began_at)}${sync.state === 'finished' ? '' : ` (${sync.state})`}</span>`}
  </p>`
}

/** @param {{ its: DocumentSummary }} props */
function Row({ its }) {
  const { id, title, source, characters, published_at: published, authors, audience } = its
  return html`<li dir="auto">
    <a href=${`/documents/${encodeURIComponent(id)}`}>${title}</a>
    <p class="place">
      ${[source, authors.join(', '), published && dateWords(published), `${number.format(characters)} characters`, audience.length > 0 && `for ${audience.join(', ')}`].filter(Boolean).join(' · ')}
    </p>
  </li>`
}

/** @param {{ its: Library }} props */
function Failures({ its: { failures } }) {
  if (failures.length === 0) return null
  return html`<details class="failures">
    <summary>${counted(failures.length, 'source')} could not be learned</summary>
    <ul>
      ${failures.map(({ source, message }) => html`<li><b>${source}</b> ${message}</li>`)}
    </ul>
  </details>`
}

/** The sync that runs, live. @param {{ its: Library }} props */
function Progress({ its: { running } }) {
  const [progress, setProgress] = useState(/** @type {Sync | null} */ (null))
  useEffect(() => {
    if (running === null) return undefined
    const events = new EventSource(`/v1/syncs/${encodeURIComponent(running)}/events`)
    const end = () => {
      events.close()
      setProgress(null)
      loadLibrary().catch(() => {})
    }
    events.addEventListener('progress', ({ data }) => setProgress(JSON.parse(data)))
    events.addEventListener('ended', end)
    return () => events.close()
  }, [running])
  if (running === null) return null
  const words = progress
    ? `${progress.done} of ${progress.total} documents, ${counted(progress.report.chunks, 'passage')}`
    : 'Reading the library …'
  return html`<p class="progress" role="status">
    <progress max=${progress?.total || undefined} value=${progress?.done} aria-label="Learning"></progress> ${words}
  </p>`
}

/** @typedef {{ lines: string[], documents: { id: string, source: string }[] }} Said */

function Upload() {
  const [isOver, setOver] = useState(false)
  const [said, setSaid] = useState(/** @type {Said} */ ({ lines: [], documents: [] }))
  /** @param {FormData | { url: string }} body */
  const learn = async (body) => {
    setSaid({ lines: ['Learning …'], documents: [] })
    try {
      const { documents = [], failures = [] } = await request('/v1/documents', 'POST', body)
      setSaid({ lines: failures.map((/** @type {{ message: string }} */ { message }) => message), documents })
    } catch (error) {
      setSaid({ lines: [error instanceof Error ? error.message : 'This could not be sent.'], documents: [] })
    }
    await loadLibrary().catch(() => {})
  }
  /** @param {Iterable<File>} files */
  const send = (files) => {
    const form = new FormData()
    for (const file of files) form.append('files', file, file.name)
    if (form.has('files')) void learn(form)
  }
  useEffect(() => onDrop(setOver, send), [])
  return html`<div class=${isOver ? 'drop over' : 'drop'}>
    <label>
      Drop files here, or <span class="link">choose some</span>
      <input
        class="unseen"
        type="file"
        multiple
        onChange=${(/** @type {Typed} */ event) => send(event.currentTarget.files ?? [])}
      />
    </label>
    <${Address} learn=${learn} />
    <ul role="status">
      ${said.documents.map(({ id, source }) => html`<li>Learned: <a href=${`/documents/${encodeURIComponent(id)}`}>${source.replace('upload/', '')}</a></li>`)}
      ${said.lines.map((line) => html`<li>${line}</li>`)}
    </ul>
  </div>`
}

/** A page of the web, by its address. @param {{ learn: (body: { url: string }) => Promise<void> }} props */
function Address({ learn }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  /** @param {SubmitEvent} event */
  const add = (event) => {
    event.preventDefault()
    const url = field.current?.value.trim()
    if (url) void learn({ url })
  }
  return html`<form class="address" onSubmit=${add}>
    <input type="url" required aria-label="Address of a page" placeholder="https://… to learn a page" ref=${field} />
    <button>Learn</button>
  </form>`
}

/**
 * Files may be dropped anywhere: beside the box the browser would leave the page and show them.
 * @param {(isOver: boolean) => void} over @param {(files: Iterable<File>) => void} drop
 */
function onDrop(over, drop) {
  const gone = new AbortController()
  const options = { signal: gone.signal }
  /** @param {DragEvent} event @param {boolean} isOver */
  const take = (event, isOver) => {
    event.preventDefault()
    over(isOver)
  }
  addEventListener('dragover', (event) => take(event, true), options)
  addEventListener('dragleave', (event) => take(event, false), options)
  const land = (/** @type {DragEvent} */ event) => {
    take(event, false)
    drop(event.dataTransfer?.files ?? [])
  }
  addEventListener('drop', land, options)
  return () => gone.abort()
}
