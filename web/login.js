// @ts-check
// Logging in: a key is shown to the server once, which gives a cookie that no script can read; then back to where the
// reader came from.
import { request } from './api.js'
import { byId } from './dom.js'

const key = byId('key', HTMLInputElement)
const fault = byId('fault', HTMLElement)
const enter = byId('enter', HTMLButtonElement)

/** Somewhere on this site, whatever the address says. */
function back() {
  const to = new URL(new URLSearchParams(location.search).get('to') ?? '/', location.origin)
  location.replace(to.origin === location.origin && to.pathname !== '/login' ? to.href : '/')
}

async function logIn() {
  enter.disabled = true
  fault.textContent = ''
  try {
    await request('/v1/session', 'POST', { key: key.value.trim() })
    back()
  } catch (error) {
    // The part before the colon names a header or a field, for programs.
    const sentence = error instanceof Error ? error.message.replace(/^\w+: /, '') : ''
    fault.textContent = sentence.charAt(0).toUpperCase() + sentence.slice(1)
    key.select()
  } finally {
    enter.disabled = false
  }
}

byId('login', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void logIn()
})

// A browser that follows a link from another site leaves its cookie at home, and is sent here although it is logged in.
request('/v1/session').then(back, () => {})
