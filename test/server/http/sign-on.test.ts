// Logging in with an account of somebody else's: whoever is invited comes in, and nobody else.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { idOfPerson } from '../../../core/keys.ts'
import { openTestLibrary, type TestLibrary } from '../../support/app.ts'
import { type Issuer, openIssuer } from '../../support/issuer.ts'
import { type Keyed, openKeyedApp } from '../../support/keyed.ts'

const PUBLIC = 'http://ask.example.com'
const ana = { sub: '17', email: 'Ana@example.com', email_verified: true, preferred_username: 'ana' }

let library: TestLibrary
let issuer: Issuer
let app: Keyed

beforeAll(async () => {
  library = await openTestLibrary()
  issuer = await openIssuer('footnote', 'a secret of the issuer')
  app = openWith(['@example.com', 'guest@example.org'])
}, 120_000)
afterAll(async () => await issuer.close())
beforeEach(() => (issuer.wrong = {}))

function openWith(allow: readonly string[], url = issuer.url): Keyed {
  const client = { clientId: 'footnote', clientSecret: 'a secret of the issuer' }
  const signOn = { issuer: url, ...client, allow, scopes: ['ask'] as const, publicUrl: PUBLIC }
  return openKeyedApp(library, { signOn, publicUrl: PUBLIC })
}

const cookiesOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((each) => each.split(';')[0] ?? '')
    .join('; ')

/** Until the browser is back: what it is told, and the cookie it then has. */
async function logIn(
  claims: object,
  to = '/library',
  at = app,
  edit = (back: URL) => back,
  rewrite = (cookie: string) => cookie,
) {
  const left = await at.get(`/login/oidc?to=${encodeURIComponent(to)}`)
  expect(left.status).toBe(303)
  const back = edit(issuer.logIn(left.headers.get('location') ?? '', claims as Record<string, unknown>))
  const cookie = rewrite(cookiesOf(left))
  const response = await at.get(back.pathname + back.search, { headers: { cookie } })
  return { response, cookie: cookiesOf(response), location: response.headers.get('location'), back, away: cookie }
}

/** The cookie as somebody else could write it. */
function leadingAway(cookie: string): string {
  const [name = '', value = ''] = cookie.split('=')
  const away = JSON.parse(Buffer.from(value, 'base64url').toString()) as object
  return `${name}=${Buffer.from(JSON.stringify({ ...away, to: '//evil.example/' })).toString('base64url')}`
}

const sessionOf = async (cookie: string, at = app) => await at.get('/v1/session', { headers: { cookie } })

describe('somebody who is invited', () => {
  it('comes back to where they were, with a session that may what the settings say', async () => {
    const { response, location, cookie } = await logIn(ana)
    expect([response.status, location]).toEqual([303, '/library'])
    expect(response.headers.getSetCookie().join('\n')).toMatch(/footnote_session=.*HttpOnly; SameSite=Strict/)
    expect(await (await sessionOf(cookie)).json()).toEqual({
      type: 'session',
      name: 'ana@example.com',
      scopes: ['ask'],
    })
  })

  it('is the same one the next time, and their conversations are theirs', async () => {
    const first = await logIn(ana)
    const asked = await app.post(
      '/v1/ask',
      { question: 'How does Stripe rate limit?' },
      { headers: { cookie: first.cookie } },
    )
    const { id } = (await asked.json()) as { id: string }
    const again = await logIn(ana)
    expect((await app.get(`/v1/answers/${id}`, { headers: { cookie: again.cookie } })).status).toBe(200)
    const other = await logIn({ ...ana, sub: '18', email: 'bea@example.com' })
    expect((await app.get(`/v1/answers/${id}`, { headers: { cookie: other.cookie } })).status).toBe(404)
  })

  it('by a whole address is invited alone', async () => {
    expect((await logIn({ ...ana, sub: '20', email: 'guest@example.org' })).location).toBe('/library')
    expect((await logIn({ ...ana, sub: '21', email: 'other@example.org' })).location).toContain('fault=not-invited')
  })

  it('is believed an address that the issuer calls verified in words', async () => {
    expect((await logIn({ ...ana, sub: '22', email_verified: 'true' })).location).toBe('/library')
  })

  it('of everybody needs no address', async () => {
    const { cookie } = await logIn({ sub: '30', preferred_username: 'carl' }, '/', openWith(['*']))
    expect(await (await sessionOf(cookie)).json()).toMatchObject({ name: 'carl' })
  })

  it('whose access was revoked is out within the session, and is not let in again', async () => {
    const eve = { ...ana, sub: '40', email: 'eve@example.com' }
    const { cookie } = await logIn(eve)
    expect(await library.store.keys.revoke('main', idOfPerson('main', issuer.url, '40'))).toBe(true)
    expect((await sessionOf(cookie)).status).toBe(401)
    expect((await logIn(eve)).location).toContain('fault=not-invited&account=eve%40example.com')
    const [entry] = await library.store.audit.list('main', 1)
    expect(entry).toMatchObject({ act: 'login-refused', subject: 'eve@example.com, not-invited' })
  })
})

describe('nobody comes in', () => {
  it.each([
    ['from another domain', { ...ana, email: 'ana@example.net' }, 'not-invited', 'ana@example.net'],
    [
      'from a domain that only ends like the invited one',
      { ...ana, email: 'ana@not-example.com' },
      'not-invited',
      'ana@not-example.com',
    ],
    ['with an address that nobody verified', { ...ana, email_verified: false }, 'unverified', 'ana'],
    ['with an address that nobody verified, in words', { ...ana, email_verified: 'false' }, 'unverified', 'ana'],
    ['without a word whether it is verified', { sub: '17', email: 'ana@example.com' }, 'unverified', '17'],
    ['without an address', { sub: '17' }, 'unverified', '17'],
    [
      'with two addresses in one',
      { ...ana, email: 'x@evil.example@example.com'.replace('@example.com', ',ana@example.com') + '.evil' },
      'not-invited',
      'x@evil.example,ana@example.com.evil',
    ],
  ])('%s', async (_, claims, fault, account) => {
    const { location, cookie } = await logIn(claims)
    expect(location).toBe(`/login?fault=${fault}&account=${encodeURIComponent(account)}&to=%2Flibrary`)
    const [entry] = await library.store.audit.list('main', 1)
    const actor = `session:${idOfPerson('main', issuer.url, '17')}`
    expect(entry).toMatchObject({ act: 'login-refused', actor, subject: `${account}, ${fault}` })
    expect(cookie).not.toContain('footnote_session')
  })

  it.each<[string, Issuer['wrong']]>([
    ['that another key has signed', { signedByAnother: true }],
    ['for another client', { claims: { aud: 'somebody-else' } }],
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['that is over', { claims: { exp: 1 } }],
    ['of another question', { claims: { nonce: 'another' } }],
    ['that is refused', { status: 400 }],
    ['that cannot be given', { status: 500 }],
  ])('with a token %s', async (_, wrong) => {
    issuer.wrong = wrong
    const { location, cookie } = await logIn(ana)
    expect(location).toBe('/login?fault=sign-on-unsaid&to=%2Flibrary')
    expect(cookie).not.toContain('footnote_session')
  })

  it('who did not begin in this browser', async () => {
    const { location } = await logIn(ana, '/', app, (back) => {
      back.searchParams.set('state', 'of-somebody-else')
      return back
    })
    expect(location).toBe('/login?fault=sign-on-unsaid&to=%2F')
    const { back } = await logIn(ana)
    expect((await app.get(back.pathname + back.search)).headers.get('location')).toContain('fault=sign-on-failed')
  })

  it('who turned round there', async () => {
    const { location } = await logIn(ana, '/', app, (back) => {
      back.searchParams.delete('code')
      back.searchParams.set('error', 'access_denied')
      return back
    })
    expect(location).toBe('/login?fault=sign-on-failed&to=%2F')
  })

  it('by a reply that was used', async () => {
    const { back, away } = await logIn(ana)
    const again = await app.get(back.pathname + back.search, { headers: { cookie: away } })
    expect(again.headers.get('location')).toContain('fault=sign-on-unsaid')
  })

  it('when the cookie that was kept is garbage', async () => {
    for (const value of ['', 'x', '%00', Buffer.from('{"state":1}').toString('base64url')]) {
      const response = await app.get('/login/oidc/return?code=a&state=b', {
        headers: { cookie: `footnote_away=${value}` },
      })
      expect(response.headers.get('location')).toContain('fault=sign-on-failed')
    }
  })

  it('while the issuer is away: the login page says so', async () => {
    const response = await openWith(['*'], 'http://127.0.0.1:9').get('/login/oidc?to=/library')
    expect(response.headers.get('location')).toBe('/login?fault=sign-on-away&to=%2Flibrary')
  })
})

describe('nobody is sent to another site', () => {
  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example/x',
    '/%2e//evil.example/x',
    '/x/..//evil.example/x',
    '/.\\/evil.example/x',
    `${PUBLIC}//evil.example/x`,
    `${PUBLIC}/\\evil.example/x`,
    '/login?to=/',
    'javascript:alert(1)',
  ])('by %s', async (to) => expect((await logIn(ana, to)).location).toBe('/'))

  it('by a cookie that somebody else has written', async () => {
    expect((await logIn(ana, '/library', app, (back) => back, leadingAway)).location).toBe('/')
    const uninvited = await logIn({ ...ana, email: 'ana@example.net' }, '/library', app, (back) => back, leadingAway)
    expect(uninvited.location).toBe('/login?fault=not-invited&account=ana%40example.net&to=%2F')
  })
})

it('the login page offers it, and without it says nothing of it', async () => {
  expect(await (await app.get('/login')).text()).toMatch(/<p>Or with an account .*<a id="sign-on".*>Log in with 127/)
  const plain = openKeyedApp(library)
  expect(await (await plain.get('/login')).text()).not.toContain('/login/oidc')
  expect((await plain.get('/login/oidc')).status).toBe(404)
})
