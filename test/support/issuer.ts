// An issuer of accounts that speaks OpenID Connect over HTTP, of which a test says who logs in and what is wrong with it.
import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Claims = Readonly<Record<string, unknown>>

export type Issuer = AsyncDisposable & {
  readonly url: string
  /** Where the browser is sent back to by somebody who logs in there with these claims. */
  readonly logIn: (authorizationUrl: string, claims: Claims) => URL
  /** what the next token says instead */
  wrong: { claims?: Claims; signedByAnother?: boolean; status?: number }
  readonly close: () => Promise<void>
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export async function openIssuer(clientId: string, clientSecret: string): Promise<Issuer> {
  const [own, foreign] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
  const codes = new Map<string, { claims: Claims; challenge: string; nonce: string }>()
  const token = async (request: IncomingMessage, url: string, wrong: Issuer['wrong']) => {
    const form = new URLSearchParams(await new Response(ReadableStream.from(request)).text())
    const known = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const isClient = form.get('client_id') === clientId && form.get('client_secret') === clientSecret
    if (!known || known.challenge !== challenge || !isClient) return { status: 400, body: { error: 'invalid_grant' } }
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: url,
      aud: clientId,
      iat: now,
      exp: now + 60,
      nonce: known.nonce,
      ...known.claims,
      ...wrong.claims,
    }
    const signed = `${json({ alg: 'RS256', kid: 'one' })}.${json(claims)}`
    const { privateKey } = (wrong.signedByAnother ? foreign : own)!
    const signature = createSign('RSA-SHA256').update(signed).sign(privateKey).toString('base64url')
    const body = { access_token: 'unused', token_type: 'Bearer', id_token: `${signed}.${signature}` }
    return { status: wrong.status ?? 200, body }
  }
  const answering = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (request.url === '/.well-known/openid-configuration')
      return answer(200, {
        issuer: issuer.url,
        authorization_endpoint: `${issuer.url}/authorize`,
        token_endpoint: `${issuer.url}/token`,
        jwks_uri: `${issuer.url}/keys`,
        response_types_supported: ['code'],
        id_token_signing_alg_values_supported: ['RS256'],
        subject_types_supported: ['public'],
      })
    if (request.url === '/keys')
      return answer(200, {
        keys: [{ ...own!.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }],
      })
    const { status, body } = await token(request, issuer.url, issuer.wrong)
    return answer(status, body)
  }
  const server = createServer((request, response) => void answering(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    wrong: {},
    logIn: (authorizationUrl, claims) => {
      const asked = new URL(authorizationUrl).searchParams
      const code = `code-${codes.size}-${Math.random()}`
      codes.set(code, { claims, challenge: asked.get('code_challenge') ?? '', nonce: asked.get('nonce') ?? '' })
      const back = new URL(asked.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString()
      return back
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  return issuer
}
