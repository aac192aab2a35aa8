// A web site on loopback as sites are: pages that change, move, vanish, dawdle and lie. It counts what it was asked for.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

export type Reply = (asked: IncomingMessage, response: ServerResponse) => void

export type Asked = {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly atMs: number
  /** of the response: its status, and how many bytes of a body were sent */
  status: number
  bytes: number
}

export type FixtureSite = {
  /** without a slash at its end */
  readonly url: string
  /** as it stands under allowHosts */
  readonly host: string
  readonly port: number
  readonly asked: Asked[]
  /** `status path`, in order */
  readonly log: () => string[]
  /** connections that were made, and the most at once */
  readonly connections: { all: number; open: number; most: number }
  /** Puts a page there, or takes it away. */
  put(path: string, reply: Reply | null): void
  [Symbol.asyncDispose](): Promise<void>
}

export async function openFixtureSite(
  pages: Readonly<Record<string, Reply>> = {},
  hostname = '127.0.0.1',
): Promise<FixtureSite> {
  const replies = new Map(Object.entries(pages))
  const asked: Asked[] = []
  const connections = { all: 0, open: 0, most: 0 }
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/'
    const entry: Asked = { path, headers: incoming.headers, atMs: performance.now(), status: 0, bytes: 0 }
    asked.push(entry)
    const countBytes = (part: unknown) => {
      if (typeof part === 'string' || part instanceof Uint8Array) entry.bytes += Buffer.byteLength(part)
    }
    const { write, end } = { write: outgoing.write.bind(outgoing), end: outgoing.end.bind(outgoing) }
    outgoing.write = ((part: never, ...rest: never[]) => {
      countBytes(part)
      return write(part, ...rest)
    }) as typeof outgoing.write
    outgoing.end = ((part: never, ...rest: never[]) => {
      countBytes(part)
      entry.status = outgoing.statusCode
      return end(part, ...rest)
    }) as typeof outgoing.end
    const reply = replies.get(path) ?? status(404)
    reply(incoming, outgoing)
  })
  server.on('connection', (socket) => {
    connections.all++
    connections.most = Math.max(connections.most, ++connections.open)
    socket.on('close', () => connections.open--)
  })
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    asked,
    log: () => asked.map(({ status, path }) => `${status} ${path}`),
    connections,
    put(path, reply) {
      if (reply) replies.set(path, reply)
      else replies.delete(path)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A body with a validator: asked for again with it, nothing but headers is sent. */
export function page(
  body: string | Buffer,
  mediaType = 'text/html',
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 12)}"`
  return (incoming, outgoing) => {
    const isKnown = incoming.headers['if-none-match'] === etag
    outgoing.writeHead(isKnown ? 304 : 200, { etag, 'content-type': mediaType, ...headers })
    outgoing.end(isKnown ? undefined : body)
  }
}

/** The same with a date, as older servers do it. */
export function datedPage(body: string, lastModified: string): Reply {
  return (incoming, outgoing) => {
    const isKnown = incoming.headers['if-modified-since'] === lastModified
    outgoing.writeHead(isKnown ? 304 : 200, { 'last-modified': lastModified, 'content-type': 'text/html' })
    outgoing.end(isKnown ? undefined : body)
  }
}

/** Without any validator. */
export function plainPage(
  body: string | Buffer,
  mediaType = 'text/html',
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return (_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': mediaType, ...headers })
    outgoing.end(body)
  }
}

export function html(title: string, body: string): string {
  return `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>`
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return (_, outgoing) => {
    outgoing.writeHead(code, { 'content-type': 'text/plain', ...headers })
    outgoing.end(`status ${code}`)
  }
}

export function moved(location: string, code = 301): Reply {
  return status(code, { location })
}

/** Fails so often, then answers. */
export function failing(
  times: number,
  code: number,
  then: Reply,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  let left = times
  return (incoming, outgoing) => (left-- > 0 ? status(code, headers) : then)(incoming, outgoing)
}

/** Takes the request, and says nothing until the reader leaves. */
export const silent: Reply = () => {}

/** A byte now and then, for ever. */
export function dripping(everyMs: number): Reply {
  return (_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/html' })
    outgoing.write('<p>')
    const timer = setInterval(() => outgoing.write('.'), everyMs)
    outgoing.on('close', () => clearInterval(timer))
  }
}

/** Begins a body and then falls silent. */
export const stalling: Reply = (_, outgoing) => {
  outgoing.writeHead(200, { 'content-type': 'text/html' })
  outgoing.write('<p>begun')
}

/** Says that it is so long, and sends this. */
export function lying(contentLength: number, body: string): Reply {
  return (_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/html', 'content-length': contentLength })
    outgoing.write(body)
    outgoing.socket?.end()
  }
}

/** Text without an end, as fast as it is taken. */
export const endless: Reply = (_, outgoing) => {
  outgoing.writeHead(200, { 'content-type': 'text/html' })
  const part = '<p>more</p>'.repeat(6_000)
  const pump = () => {
    while (!outgoing.destroyed && outgoing.write(part));
  }
  outgoing.on('drain', pump)
  pump()
}

/** Zeros: a thousandth of their size when packed. */
export function bomb(bytes: number): Reply {
  return plainPage(gzipSync(Buffer.alloc(bytes)), 'text/html', { 'content-encoding': 'gzip' })
}
