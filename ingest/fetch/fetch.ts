// Reads one web address for a source: checked at every hop, within limits, conditionally, and patiently with servers
// that are busy. Requests carry no cookie, no credential and nothing else of ours but our name.
import { setTimeout as wait } from 'node:timers/promises'
import { SourceError } from '../../core/errors.ts'
import { type Openings, refusalOf } from './address.ts'
import { type Connections, openConnections, type Resolve, resolveBySystem } from './connect.ts'
import { FetchError, reasonFor } from './fetch-error.ts'
import { type Answer, type Fetched, type Limits, request, type Wanted } from './request.ts'
import { openTurns, type SharedTurns, type Turns } from './turns.ts'

export type Fetcher = {
  /** Null: not changed since. Throws SourceError; an abort is passed on as it is. */
  get(wanted: Wanted, signal: AbortSignal): Promise<Fetched | null>
  /** how robots.txt files know us */
  readonly agent: string
  readonly turns: Turns
  readonly limits: Limits
  readonly close: () => void
}

export type FetcherOptions = {
  /** goes into the User-Agent, so that people know whom to write to */
  readonly publicUrl: string | null
  readonly openings?: Openings
  readonly resolve?: Resolve
  /** which addresses names may lead to; tests have no others than those of their own machine */
  readonly isPublic?: (address: string) => boolean
  readonly limits?: Partial<Limits>
  /** with whom hosts are spared together; left out: with nobody */
  readonly sharedTurns?: SharedTurns | undefined
}

/** The name that robots.txt files use for us. */
const AGENT = 'Footnote'

const defaultLimits: Limits = {
  // The largest source that is read anyway (ingest/parse/decode.ts).
  bytes: 20_000_000,
  // Text packs to a tenth; a hundredth is a file made to burst.
  ratio: 100,
  headersMs: 20_000,
  idleMs: 20_000,
  totalMs: 120_000,
  retries: 2,
  firstRetryMs: 1_000,
  // Who asks for more is left alone until the next time.
  longestRetryMs: 60_000,
}

const MOST_REDIRECTS = 5
const closed: Openings = { hosts: [], ports: [] }

type Open = {
  readonly agent: string
  readonly openings: Openings
  readonly connections: Connections
  readonly turns: Turns
  readonly limits: Limits
}

export function openFetcher({
  publicUrl,
  openings = closed,
  resolve = resolveBySystem,
  isPublic,
  limits,
  sharedTurns,
}: FetcherOptions): Fetcher {
  const open: Open = {
    agent: publicUrl === null ? AGENT : `${AGENT} (+${publicUrl})`,
    openings,
    connections: openConnections(openings, resolve, isPublic),
    turns: openTurns(sharedTurns),
    limits: { ...defaultLimits, ...limits },
  }
  return {
    get: (wanted, signal) => getPatiently(wanted, open, signal),
    agent: AGENT,
    turns: open.turns,
    limits: open.limits,
    close: open.connections.close,
  }
}

async function getPatiently(wanted: Wanted, open: Open, signal: AbortSignal): Promise<Fetched | null> {
  for (let tries = 1; ; tries++) {
    try {
      return await follow(wanted, open, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FetchError) || !error.retryable || tries > open.limits.retries) throw error
      // Between half of the wait and all of it, so that many who failed at once do not come back at once.
      const spreadMs = open.limits.firstRetryMs * 2 ** (tries - 1) * (0.5 + Math.random() / 2)
      const delayMs = Math.max(error.retryAfterMs ?? 0, spreadMs)
      if (delayMs > open.limits.longestRetryMs) throw error
      await wait(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

async function follow(wanted: Wanted, open: Open, signal: AbortSignal): Promise<Fetched | null> {
  let url = URL.parse(wanted.url)
  if (!url) throw new FetchError('refused-url', wanted.source, 'is not a URL: write it with https://')
  for (let hops = 0; ; hops++) {
    const answer = await ask(wanted, url, open, signal)
    if (answer.type === 'unchanged') return null
    if (answer.type === 'found') return answer
    const next = URL.parse(answer.location, url.href)
    if (!next)
      throw new FetchError(
        'bad-redirect',
        wanted.source,
        `is sent on to ${JSON.stringify(answer.location.slice(0, 200))}, which is no URL`,
      )
    if (hops === MOST_REDIRECTS)
      throw new FetchError(
        'too-many-redirects',
        wanted.source,
        `is sent on more than ${MOST_REDIRECTS} times, at last to ${next.href}`,
      )
    url = next
  }
}

async function ask(wanted: Wanted, url: URL, open: Open, signal: AbortSignal): Promise<Answer> {
  const refusal = refusalOf(url, open.openings)
  if (refusal !== null) throw new FetchError('refused-url', wanted.source, `${reached(wanted, url)}${refusal}`)
  const veto = await wanted.allow?.(url, signal)
  if (veto) throw new FetchError('not-allowed', wanted.source, `${reached(wanted, url)}${veto}`)
  const release = await open.turns.take(url.host, signal)
  try {
    return await request(wanted, url, open, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SourceError) throw error
    throw reasonFor(wanted.source, error)
  } finally {
    release()
  }
}

function reached(wanted: Wanted, url: URL): string {
  return url.href === URL.parse(wanted.url)?.href ? '' : `is sent on to ${url.href}, which `
}
