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

// By the names that server/http/sign-on.ts gives them.
const signOnFaults = new Map([
  ['sign-on-away', 'That service cannot be reached at the moment. Try again, or log in with a key.'],
  ['sign-on-failed', 'That took too long, or was broken off. Try again.'],
  [
    'sign-on-unsaid',
    'That service did not say who you are. Try again; the log of this server tells whoever runs it the reason.',
  ],
  ['not-invited', 'This account is not invited here, or not any more. Whoever runs the server can change that.'],
  ['unverified', 'That service has verified no mail address of this account, and only such are invited here.'],
])

/** Names the account where the address does. @param {URL} address */
function signOnFault({ searchParams }) {
  const said = signOnFaults.get(searchParams.get('fault') ?? '') ?? ''
  const account = searchParams.get('account')?.slice(0, 80)
  return account && said
    ? said.replace('This account', `The account “${account}”`).replace('this account', `“${account}”`)
    : said
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

const address = new URL(location.href)
fault.textContent = signOnFault(address)
const signOn = document.getElementById('sign-on')
if (signOn instanceof HTMLAnchorElement)
  signOn.search = new URLSearchParams({ to: address.searchParams.get('to') ?? '/' }).toString()

byId('login', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void logIn()
})

// A browser that follows a link from another site leaves its cookie at home, and is sent here although it is logged in.
request('/v1/session').then(back, () => {})
