// The half of Slack that sends: signed requests over real HTTP, each event several times and out of order, and again
// when it is not acknowledged. And a postbox for what an app says.
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export const SECRET = '8f742231b10e8888abcd99yyyzzz85a5'
export const APP = 'U0FOOTNOTE'

export const now = () => Math.floor(Date.now() / 1000)

/** The headers of a request as Slack signs it. */
export function signed(body: string | Uint8Array, timestamp: number | string = now(), secret = SECRET) {
  const hash = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')
  return { 'x-slack-request-timestamp': String(timestamp), 'x-slack-signature': `v0=${hash}` }
}

/** A message as the Events API tells of it. */
export function messageEvent(event: Readonly<Record<string, unknown>>, id = 'Ev0001') {
  return {
    type: 'event_callback',
    team_id: 'T0001',
    api_app_id: 'A0001',
    event_id: id,
    event_time: now(),
    authorizations: [{ enterprise_id: null, team_id: 'T0001', user_id: APP, is_bot: true }],
    event: {
      type: 'message',
      channel: 'C0001',
      channel_type: 'channel',
      user: 'U0001',
      ts: '1700000000.000100',
      ...event,
    },
  }
}

export type Delivery = {
  /** where to: asked for every request, because apps come and go */
  readonly url: () => string
  readonly perSecond: number
  /** of each event, whether it was acknowledged or not */
  readonly copies: number
  /** after which pauses an event that was not acknowledged is sent again */
  readonly pausesMs: readonly number[]
}

export type Report = {
  /** of every acknowledgement, how long it took */
  readonly tookMs: number[]
  /** requests that were refused, broke or took longer than three seconds */
  failed: number
  /** events that Slack gave up */
  readonly lost: string[]
}

/** Copies overlap, and later events overtake earlier ones. */
export async function deliver(bodies: readonly string[], delivery: Delivery): Promise<Report> {
  const report: Report = { tookMs: [], failed: 0, lost: [] }
  const sending = bodies.map(async (body, n) => {
    await wait((n / delivery.perSecond) * 1_000)
    const copies = Array.from({ length: delivery.copies }, async (_, copy) => {
      await wait(Math.random() * 500)
      return await deliverOne(body, copy, delivery, report)
    })
    if (!(await Promise.all(copies)).includes(true)) report.lost.push(body)
  })
  await Promise.all(sending)
  return report
}

async function deliverOne(body: string, copy: number, { url, pausesMs }: Delivery, report: Report): Promise<boolean> {
  for (const [retry, pauseMs] of [0, ...pausesMs].entries()) {
    await wait(pauseMs)
    const number = copy + retry
    const retried = number === 0 ? {} : { 'x-slack-retry-num': String(number), 'x-slack-retry-reason': 'http_timeout' }
    const began = performance.now()
    const isTaken = await fetch(`${url()}/slack/events`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...signed(body), ...retried },
      signal: AbortSignal.timeout(3_000),
    }).then(
      async (response) => (await response.text(), response.ok),
      () => false,
    )
    if (isTaken) {
      report.tookMs.push(performance.now() - began)
      return true
    }
    report.failed++
  }
  return false
}

type Posted = { readonly ts: string } & Readonly<Record<string, string>>

export type Postbox = AsyncDisposable & {
  readonly apiUrl: string
  readonly posted: Posted[]
  /** by method: what it answers instead of taking the message */
  readonly refusals: Map<
    string,
    { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: object }
  >
}

/** chat.postMessage, chat.postEphemeral and conversations.replies, after up to `slowMs`. */
export async function openPostbox(slowMs = 0): Promise<Postbox> {
  const posted: Posted[] = []
  const refusals: Postbox['refusals'] = new Map()
  const call = (method: string, fields: Record<string, string>): object => {
    if (method === 'conversations.replies')
      return {
        ok: true,
        messages: posted
          .filter((each) => each['channel'] === fields['channel'] && each['thread_ts'] === fields['ts'])
          .map((each) => ({ ...each, ...(each['metadata'] && { metadata: JSON.parse(each['metadata']) as unknown }) })),
      }
    const ts = `${now()}.${String(posted.length).padStart(6, '0')}`
    posted.push({ ...fields, method, ts })
    return { ok: true, ts, message_ts: ts }
  }
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      await wait(Math.random() * slowMs)
      const method = request.url?.split('/').at(-1) ?? ''
      const refusal = refusals.get(method)
      const fields = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
      response.writeHead(refusal?.status ?? 200, { 'content-type': 'application/json', ...refusal?.headers })
      response.end(JSON.stringify(refusal ? (refusal.body ?? {}) : call(method, fields)))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    posted,
    refusals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
