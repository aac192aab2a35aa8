// @ts-check
// The page: what stands where, the field and the keys, and what the address asks for.
import { render } from 'preact'
import { useLayoutEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import { request } from './api.js'
import { AskForm } from './form.js'
import { History } from './history.js'
import { html } from './html.js'
import { LibraryView, loadLibrary } from './library.js'
import { Receipt } from './receipt.js'
import { closeSource, Source } from './source.js'
import * as page from './state.js'
import { TurnView } from './turn.js'

const isOnline = signal(navigator.onLine)

function App() {
  const { turns, notice, view } = page
  const hasAsked = turns.value.length > 0
  // Styles far from a part follow what the page is about.
  useLayoutEffect(() => {
    document.body.className = view === 'library' ? 'library-view' : hasAsked ? 'asked' : 'new'
  }, [hasAsked])
  return html` <a class="skip" href="#main">Skip to the answer</a>
    <header class="top">
      <a class="wordmark" href="/">Footnote<sup aria-hidden="true">1</sup></a>
      <nav aria-label="Pages">
        <button type="button" id="show-history" popovertarget="history">History</button>
        <a href="/library" aria-current=${view === 'library' ? 'page' : undefined}>Library</a>
        <a class="fresh" href="/">New <span class="roomy">conversation</span></a>
      </nav>
    </header>
    <${History} />
    <main id="main">
      <div class="column">
        ${!isOnline.value && html`<p class="notice" role="status">You are offline. What was answered stays readable; questions wait until you are back.</p>`}
        ${notice.value && html`<p class="notice" role="status">${notice.value}</p>`}
        ${view === 'library' ? html`<${LibraryView} />` : html`<${Asking} hasAsked=${hasAsked} />`}
      </div>
      ${view !== 'library' && html`<div class="side"><${Source} /></div>`}
    </main>`
}

/** @param {{ hasAsked: boolean }} props */
function Asking({ hasAsked }) {
  const { turns, conversation, view } = page
  const only = view === 'answers' ? turns.value[0]?.answer.value : null
  const last = turns.value.at(-1)
  return html` ${
      !hasAsked &&
      html`<div class="welcome">
        <h1>Ask the library.</h1>
        <p>Every sentence of the answer carries a footnote to the exact words that back it.</p>
      </div>`
    }
    ${hasAsked && html`<h1 class="unseen">${conversation.value?.title ?? 'Conversation'}</h1>`}
    <div id="turns">
      ${conversation.value?.earlier && html`<button type="button" class="more" onClick=${page.openEarlier}>Show earlier questions</button>`}
      ${turns.value.map((turn) => html`<${TurnView} key=${turn.key} turn=${turn} isLast=${turn === last} />`)}
      ${only && html`<${Receipt} answer=${only} />`}
    </div>
    <${AskForm} hasAsked=${hasAsked} />
    ${
      !hasAsked &&
      page.examples.value.length > 0 &&
      html`<div class="welcome">
        <h2>For example</h2>
        <ul class="examples">
          ${page.examples.value.map(({ question }) => html`<li><a href=${`/?q=${encodeURIComponent(question)}`}>${question}</a></li>`)}
        </ul>
      </div>`
    }`
}

document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
  if (event.key === 'Escape') {
    const hasFocus = document.getElementById('passage')?.contains(document.activeElement)
    if (page.running() && !hasFocus) page.running()?.stop.value?.()
    else closeSource()
  } else if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault()
    document.getElementById('question')?.focus()
  }
})
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') page.catchUp().catch(() => {})
})
addEventListener('online', () => (isOnline.value = true))
addEventListener('offline', () => (isOnline.value = false))

// What another address shows is read anew; a place within the page (#) is none.
addEventListener('popstate', () => {
  if (location.hash === '') location.reload()
})

// Conversations are longer than a browser waits for: their place is kept here.
history.scrollRestoration = 'manual'
addEventListener('pagehide', () => sessionStorage.setItem(`at ${location.pathname}`, String(scrollY)))

/** Where it was left, or where the last question stands. */
function findPlace() {
  const left = sessionStorage.getItem(`at ${location.pathname}`)
  if (left !== null) scrollTo(0, Number(left))
  else document.querySelector('.turn:last-of-type:not(:first-of-type)')?.scrollIntoView()
}

async function begin() {
  const first = new URLSearchParams(location.search).get('q')?.trim()
  // What is not needed to ask may come late, or not at all.
  loadLibrary().catch(() => {})
  if (page.view === 'conversations') await page.openConversation(() => requestAnimationFrame(findPlace))
  else if (page.view === 'answers') await page.openAnswer()
  else if (first) await page.ask(first)
  else if (page.view === '') page.examples.value = (await request('/v1/suggestions?limit=3')).suggestions
}

const root = document.getElementById('app')
if (root === null) throw new Error('The page has no #app')
render(html`<${App} />`, root)
begin().catch((error) => {
  if (page.view !== '') page.notice.value = error.message
})
