// One request and its response: headers, status, type and body, each with its own limit of time.
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type BodyLimits, readBody } from './body.ts'
import type { Connections } from './connect.ts'
import { FetchError } from './fetch-error.ts'

type Validators = {
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
  /** the address that gave them, when it is not the one that is asked for */
  readonly at?: string | undefined
}

export type Wanted = {
  /** what a refusal names */
  readonly source: string
  readonly url: string
  /** from the last time: an answer that has not changed since is not sent again */
  readonly validators?: Validators | null
  readonly accept: MediaTypes
  /** Asked at every hop, the first one too: a reason not to go there, or null. */
  readonly allow?: (url: URL, signal: AbortSignal) => Promise<string | null>
}

export type MediaTypes = {
  /** the header */
  readonly ask: string
  /** the part before the semicolon, in lower case; null when the server names none */
  readonly takes: (mediaType: string | null, url: URL) => boolean
}

export type Fetched = {
  /** where it was found in the end */
  readonly url: URL
  readonly bytes: Buffer
  readonly mediaType: string | null
  readonly etag?: string
  readonly lastModified?: string
}

export type Limits = BodyLimits & {
  readonly headersMs: number
  /** of silence within a body */
  readonly idleMs: number
  /** of one request with its body */
  readonly totalMs: number
  /** tries after the first one */
  readonly retries: number
  readonly firstRetryMs: number
  readonly longestRetryMs: number
}

export type Answer =
  | ({ readonly type: 'found' } & Fetched)
  | { readonly type: 'unchanged' }
  | { readonly type: 'moved'; readonly location: string }

type Open = { readonly agent: string; readonly connections: Connections; readonly limits: Limits }

/** Throws FetchError, or whatever the network threw. */
export async function request(wanted: Wanted, url: URL, open: Open, signal: AbortSignal): Promise<Answer> {
  const watch = openWatch(wanted.source, open.limits, signal)
  try {
    const response = await respond(wanted, url, open, watch.signal)
    try {
      const answer = sort(response, wanted, url)
      if (answer) return answer
      watch.expect('idleMs')
      const bytes = await readBody(response, open.limits, () => watch.expect('idleMs'), watch.signal)
      return { type: 'found', url, bytes, ...describe(response) }
    } finally {
      // An unread body would hold its connection, and a huge one would be read to its end. A 304 has none.
      if (response.complete || response.statusCode === 304) response.resume()
      else response.destroy()
    }
  } catch (error) {
    watch.signal.throwIfAborted()
    throw error
  } finally {
    watch.close()
  }
}

function respond(wanted: Wanted, url: URL, open: Open, signal: AbortSignal): Promise<IncomingMessage> {
  const { connections } = open
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:'
  const send = protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const headers = headersOf(wanted, url, open.agent)
    const sent = send(url, { agent: connections.agents[protocol], lookup: connections.lookupFor(url), headers, signal })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end()
  })
}

/** Of one address they say nothing about another: a page that moved is read where it is now. */
function validatorsFor({ url: asked, validators }: Wanted, url: URL): Validators | null {
  return validators && URL.parse(validators.at ?? asked)?.href === url.href ? validators : null
}

/** Where it was found, when that is not where it was asked for: what its validators are kept with. */
export function sentOnTo(asked: string, { url }: Fetched): { readonly at?: string } {
  return URL.parse(asked)?.href === url.href ? {} : { at: url.href }
}

function headersOf(wanted: Wanted, url: URL, agent: string): Record<string, string> {
  const validators = validatorsFor(wanted, url)
  const { accept } = wanted
  return {
    'user-agent': agent,
    accept: accept.ask,
    'accept-encoding': 'gzip, br',
    ...(validators?.etag === undefined ? {} : { 'if-none-match': validators.etag }),
    ...(validators?.lastModified === undefined ? {} : { 'if-modified-since': validators.lastModified }),
  }
}

/** What can be said without the body; null: it is to be read. */
function sort(response: IncomingMessage, wanted: Wanted, url: URL): Answer | null {
  const { statusCode: status = 0, headers } = response
  if (status === 304 && validatorsFor(wanted, url)) return { type: 'unchanged' }
  if ([301, 302, 303, 307, 308].includes(status) && headers.location !== undefined)
    return { type: 'moved', location: headers.location }
  if (status !== 200) throw statusFault(wanted.source, status, headers['retry-after'])
  const mediaType = typeOf(response)
  if (wanted.accept.takes(mediaType?.split(';')[0]?.trim() ?? null, url)) return null
  const found = mediaType ?? 'of no type that its server names'
  throw new FetchError('wrong-type', wanted.source, `is ${found.slice(0, 100)}, which is not read here`)
}

function statusFault(source: string, status: number, retryAfter: string | undefined): FetchError {
  if (status === 404 || status === 410)
    return new FetchError('gone', source, `is not there (${status}): correct the address, or take it out`)
  if (status === 401 || status === 402 || status === 403 || status === 407)
    return new FetchError('forbidden', source, `may not be read without signing in (${status})`)
  if (status === 429 || status >= 500) {
    const sentence = `is not served now (${status}): it is tried again next time`
    return new FetchError('busy', source, sentence, { retryable: true, retryAfterMs: retryAfterMs(retryAfter) })
  }
  return new FetchError('bad-status', source, `is answered with ${status}, which is no page`)
}

/** Seconds, or a date. */
function retryAfterMs(header: string | undefined): number | null {
  if (header === undefined) return null
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}

function describe(response: IncomingMessage): Pick<Fetched, 'mediaType' | 'etag' | 'lastModified'> {
  const { etag, 'last-modified': lastModified } = response.headers
  return {
    mediaType: typeOf(response),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  }
}

function typeOf(response: IncomingMessage): string | null {
  const mediaType = response.headers['content-type']?.trim().toLowerCase()
  return mediaType === undefined || mediaType === '' ? null : mediaType
}

type Watch = { readonly signal: AbortSignal; expect(step: 'headersMs' | 'idleMs'): void; close(): void }

/** Aborts when a step, or all of them together, take too long; the reason says which. */
function openWatch(source: string, limits: Limits, signal: AbortSignal): Watch {
  const late = new AbortController()
  const arm = (limit: 'headersMs' | 'idleMs' | 'totalMs') =>
    setTimeout(() => late.abort(slowFault(source, limit, limits[limit])), limits[limit])
  const whole = arm('totalMs')
  let step = arm('headersMs')
  return {
    signal: AbortSignal.any([signal, late.signal]),
    expect(limit) {
      clearTimeout(step)
      step = arm(limit)
    },
    close() {
      clearTimeout(whole)
      clearTimeout(step)
    },
  }
}

function slowFault(source: string, limit: 'headersMs' | 'idleMs' | 'totalMs', ms: number): FetchError {
  const seconds = `${ms / 1000} s`
  const sentences = {
    headersMs: `did not begin to answer within ${seconds}`,
    idleMs: `stopped answering for ${seconds}`,
    totalMs: `took longer than ${seconds}`,
  }
  // A server that drips is not asked for the same drops again in this run.
  const retryAfterMs = limit === 'headersMs' ? null : Infinity
  return new FetchError('too-slow', source, sentences[limit], { retryable: true, retryAfterMs })
}
