// One stream of timed events, measured from outside: what came, when, and what stood in its head.
import { EventSourceParserStream } from 'eventsource-parser/stream'

export type Measured = {
  readonly status: number
  readonly headers: Headers
  /** of each event, in milliseconds after the request */
  readonly arrivals: readonly number[]
  /** the name under which the server was asked, as it saw it */
  readonly host: string | null
  /** why it ended before its last event; null: it did not */
  readonly cut: { readonly reason: string; readonly afterMs: number } | null
  /** the first characters of an answer that is no stream */
  readonly body: string
}

// What the server gives it at most, and what a slow line may add.
const PATIENCE_MS = 12_000

/** Throws when there is no answer at all. */
export async function measureStream(
  base: string,
  { count, everyMs }: { readonly count: number; readonly everyMs: number },
  signal: AbortSignal,
): Promise<Measured> {
  const began = performance.now()
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  const path = `/v1/ping/events?count=${count}&every_ms=${everyMs}`
  const headers = { accept: 'text/event-stream', 'accept-encoding': 'gzip, deflate, br' }
  // A redirect is followed by browsers for pages, and not by every client for a POST: it has to be told.
  const response = await fetch(`${base.replace(/\/+$/, '')}${path}`, { headers, redirect: 'manual', signal: patience })
  const head = { status: response.status, headers: response.headers }
  if (response.status !== 200 || !response.body) {
    const body = (await response.text().catch(() => '')).slice(0, 2_000)
    return { ...head, arrivals: [], host: null, cut: null, body }
  }
  const arrivals: number[] = []
  let host: string | null = null
  let reason = 'ended'
  try {
    const events = response.body
      .pipeThrough(new TextDecoderStream() as never)
      .pipeThrough(new EventSourceParserStream())
    for await (const { event, data: sent } of events) {
      if (event !== 'ping') continue
      arrivals.push(performance.now() - began)
      host ??= (JSON.parse(sent) as { host?: string }).host ?? null
    }
  } catch (error) {
    signal.throwIfAborted()
    reason = failureOf(error)
  }
  const isWhole = arrivals.length === count
  const cut = isWhole ? null : { reason, afterMs: performance.now() - began }
  return { ...head, arrivals, host, cut, body: '' }
}

/** The system's word for why a request failed, which says more than "fetch failed". */
export function failureOf(error: unknown): string {
  let deepest: unknown = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  if (!(deepest instanceof Error)) return String(deepest)
  return 'code' in deepest && typeof deepest.code === 'string' ? deepest.code : deepest.message
}
