// A scripted OTLP receiver on loopback: takes traces over HTTP as JSON, and keeps what it was sent.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedSpan = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly failed: boolean
}

export type Receiver = AsyncDisposable & {
  readonly url: string
  readonly spans: () => ReceivedSpan[]
  /** every body, and every header, as sent */
  readonly raw: () => string
  /** From now on it refuses, or takes again. */
  answer(status: number): void
}

type Value = Readonly<Record<string, unknown>>
type Sent = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes: readonly { readonly key: string; readonly value: Value }[]
  readonly status: { readonly code?: number }
}
type Body = {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Sent[] }[] }[]
}

export async function openReceiver(): Promise<Receiver> {
  const bodies: string[] = []
  const headers: string[] = []
  let status = 200
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      headers.push(JSON.stringify(incoming.headers))
      if (status === 200) bodies.push(Buffer.concat(chunks).toString())
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans: () => bodies.flatMap((body) => spansOf(JSON.parse(body) as Body)),
    raw: () => [...bodies, ...headers].join('\n'),
    answer: (next) => void (status = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function spansOf({ resourceSpans }: Body): ReceivedSpan[] {
  const sent = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  return sent.map(({ name, traceId, spanId, parentSpanId = '', attributes, status }) => ({
    name,
    traceId,
    spanId,
    parentSpanId,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    failed: status.code === 2,
  }))
}
