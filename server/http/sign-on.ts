// Logging in with an account of somebody else's (OpenID Connect, authorization code with PKCE): who comes back from there
// and is invited gets a session, as from a key.
import { randomBytes } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type * as Client from 'openid-client'
import { z } from 'zod'
import type { AuditStore, KeyStore, SessionStore } from '../../core/access.ts'
import type { SignOnConfig } from '../../core/config.ts'
import { idOfPerson } from '../../core/keys.ts'
import { isLoopback } from '../../core/sites.ts'
import { hashOfSession } from './authenticate.ts'
import { giveSessionCookie } from './session-cookie.ts'

export type SignOnDeps = {
  readonly keys: Pick<KeyStore, 'welcome'>
  readonly sessions: Pick<SessionStore, 'begin'>
  readonly audit: Pick<AuditStore, 'note'>
  readonly library: string
  readonly signOn: SignOnConfig
  readonly report: (message: string, error: unknown) => void
}

const RETURN = '/login/oidc/return'
// Long enough to find a password, and a second device.
const AWAY_SECONDS = 15 * 60
const DEADLINE_SECONDS = 10

/** What the browser keeps while it is away. */
const awayShape = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), to: z.string() })
type Away = z.output<typeof awayShape>

/** What the login page says of it stands in web/login.js. */
type Fault = 'sign-on-away' | 'sign-on-failed' | 'sign-on-unsaid' | 'not-invited' | 'unverified'

function refuse(c: Context, fault: Fault, to: string, account: string | null = null): Response {
  const its = account === null ? '' : `&account=${encodeURIComponent(account)}`
  return c.redirect(`/login?fault=${fault}${its}&to=${encodeURIComponent(to)}`, 303)
}

export function signOnRoutes(deps: SignOnDeps): Hono {
  const { signOn, report } = deps
  const { publicUrl } = signOn
  const provider = openProvider(signOn)
  return new Hono()
    .get('/login/oidc', async (c) => {
      c.header('cache-control', 'no-store')
      const to = within(c.req.query('to') ?? '/', publicUrl)
      try {
        const { client, configuration } = await provider()
        const away = { state: client.randomState(), nonce: client.randomNonce(), verifier: randomVerifier(), to }
        const url = client.buildAuthorizationUrl(configuration, {
          redirect_uri: `${publicUrl}${RETURN}`,
          scope: 'openid email profile',
          state: away.state,
          nonce: away.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(away.verifier),
          code_challenge_method: 'S256',
        })
        keepAway(c, away, publicUrl)
        return c.redirect(url.href, 303)
      } catch (error) {
        report(`${signOn.issuer} cannot be asked who somebody is`, error)
        return refuse(c, 'sign-on-away', to)
      }
    })
    .get(RETURN, async (c) => {
      c.header('cache-control', 'no-store')
      const away = takeAway(c, publicUrl)
      if (away === null) return refuse(c, 'sign-on-failed', '/')
      const claims = await claimsOf(c, away, publicUrl, provider).catch((error: unknown) => {
        report(`${signOn.issuer} did not say who somebody is`, error)
        return null
      })
      // Whoever turns round there comes back with an error.
      if (claims === null)
        return refuse(c, c.req.query('error') === undefined ? 'sign-on-unsaid' : 'sign-on-failed', away.to)
      const name = invited(claims, signOn.allow)
      if (name === null || !(await begin(c, { ...claims, name }, deps))) {
        const fault = name === null && claims.mail === null ? 'unverified' : 'not-invited'
        await noteRefused(claims, fault, deps)
        return refuse(c, fault, away.to, claims.name)
      }
      // A browser that comes from another site leaves the new cookie at home: the login page finds it and goes on.
      return c.redirect(away.to, 303)
    })
}

type Provider = { readonly client: typeof Client; readonly configuration: Client.Configuration }
type Open = () => Promise<Provider>

/** Asked what it offers when somebody wants to log in, so that the server starts without it. */
function openProvider({ issuer, clientId, clientSecret }: SignOnConfig): Open {
  let opening: Promise<Provider> | null = null
  const open = async (): Promise<Provider> => {
    const client = await import('openid-client')
    const isHere = isLoopback(new URL(issuer).hostname)
    const configuration = await client.discovery(
      new URL(issuer),
      clientId,
      clientSecret ?? undefined,
      clientSecret === null ? client.None() : undefined,
      {
        timeout: DEADLINE_SECONDS,
        // The signature is checked, although the token comes from the issuer itself.
        execute: [client.enableNonRepudiationChecks, ...(isHere ? [client.allowInsecureRequests] : [])],
      },
    )
    return { client, configuration }
  }
  return async () => {
    opening ??= open()
    try {
      return await opening
    } catch (error) {
      opening = null
      throw error
    }
  }
}

type Claims = { readonly issuer: string; readonly subject: string; readonly mail: string | null; readonly name: string }

const claimsShape = z.object({
  iss: z.string(),
  sub: z.string(),
  email: z.string().optional(),
  // Some issuers write it as a string.
  email_verified: z.union([z.boolean(), z.string()]).optional(),
  preferred_username: z.string().optional(),
})

/** Throws when the reply is not that of the issuer to this browser's question. */
async function claimsOf(c: Context, away: Away, publicUrl: string, provider: Open): Promise<Claims> {
  const { client, configuration } = await provider()
  // Behind a proxy the request has another address than the one that the issuer was given.
  const address = new URL(`${RETURN}${new URL(c.req.url).search}`, publicUrl)
  const tokens = await client.authorizationCodeGrant(configuration, address, {
    expectedState: away.state,
    expectedNonce: away.nonce,
    pkceCodeVerifier: away.verifier,
    idTokenExpected: true,
  })
  const { iss, sub, email, email_verified: isVerified, preferred_username: called } = claimsShape.parse(tokens.claims())
  const mail = isVerified === true || isVerified === 'true' ? (email?.toLowerCase() ?? null) : null
  return { issuer: iss, subject: sub, mail, name: (mail ?? called ?? sub).slice(0, 80) }
}

/** What somebody who is invited is called; null: they are not. An address that nobody verified invites nobody. */
function invited({ mail, name }: Claims, allow: readonly string[]): string | null {
  if (allow.includes('*')) return name
  if (mail === null) return null
  return allow.includes(mail) || allow.includes(mail.slice(mail.lastIndexOf('@'))) ? mail : null
}

/** False: their access was revoked here. */
async function begin(c: Context, { issuer, subject, name }: Claims, deps: SignOnDeps): Promise<boolean> {
  const { keys, sessions, audit, library, signOn } = deps
  const id = idOfPerson(library, issuer, subject)
  if (!(await keys.welcome({ id, library, name, scopes: signOn.scopes, origins: [] }, issuer))) return false
  await audit.note(library, { act: 'login', actor: `session:${id}`, subject: name })
  await sessions.begin({ hash: hashOfSession(giveSessionCookie(c, signOn.publicUrl)), library, key: id })
  return true
}

/** So that whoever runs the server can say why, and which account it was. */
async function noteRefused({ issuer, subject, name }: Claims, fault: Fault, { audit, library }: SignOnDeps) {
  const actor = `session:${idOfPerson(library, issuer, subject)}`
  await audit.note(library, { act: 'login-refused', actor, subject: `${name}, ${fault}` })
}

/** A path on this site, whatever the address says. */
function within(to: string, publicUrl: string): string {
  const { origin } = new URL(publicUrl)
  const url = URL.canParse(to, origin) ? new URL(to, origin) : new URL(origin)
  const path = url.pathname + url.search + url.hash
  // A path that begins with two slashes is read as the name of a host.
  const isHere = url.origin === origin && URL.canParse(path, origin) && new URL(path, origin).href === url.href
  return isHere && !url.pathname.startsWith('/login') ? path : '/'
}

const isSecure = (publicUrl: string) => publicUrl.startsWith('https:')
const cookieName = (publicUrl: string) => `${isSecure(publicUrl) ? '__Host-' : ''}footnote_away`

/** Lax: the browser comes back by a link of another site. */
function keepAway(c: Context, away: Away, publicUrl: string): void {
  setCookie(c, cookieName(publicUrl), Buffer.from(JSON.stringify(away)).toString('base64url'), {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    secure: isSecure(publicUrl),
    maxAge: AWAY_SECONDS,
  })
}

/** Once: a reply that is sent again finds nothing. */
function takeAway(c: Context, publicUrl: string): Away | null {
  const kept = getCookie(c, cookieName(publicUrl))
  if (kept === undefined) return null
  deleteCookie(c, cookieName(publicUrl), { path: '/', secure: isSecure(publicUrl) })
  try {
    const away = awayShape.parse(JSON.parse(Buffer.from(kept, 'base64url').toString()))
    // Nothing says that the cookie is ours.
    return { ...away, to: within(away.to, publicUrl) }
  } catch {
    return null
  }
}

function randomVerifier(): string {
  return randomBytes(32).toString('base64url')
}
