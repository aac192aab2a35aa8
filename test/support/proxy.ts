// Proxies as people have them, each with one fault, in front of a server.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGzip, constants } from 'node:zlib'

/** What is done with an answer of the server on its way to the reader. */
export type Pass = (from: IncomingMessage, to: ServerResponse) => void

export type Proxy = { readonly url: string } & AsyncDisposable

/** `host`: the name the server is told; left out, as the reader said. */
export async function openProxy(target: string, pass: Pass, host?: string): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, ...(host === undefined ? {} : { host }) }
    const forwarded = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers }, (answer) =>
      pass(answer, outgoing),
    )
    forwarded.on('error', () => outgoing.destroy())
    // A reader who leaves has left the server, too.
    outgoing.on('close', () => forwarded.destroy())
    incoming.pipe(forwarded)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const faithful: Pass = (from, to) => {
  to.writeHead(from.statusCode ?? 500, from.headers)
  to.flushHeaders()
  from.pipe(to)
}

/** Holds back so many bytes at a time; infinity is the whole answer. */
export function buffering(bytes: number): Pass {
  return (from, to) => {
    to.writeHead(from.statusCode ?? 500, from.headers)
    let held: Buffer[] = []
    const flush = () => {
      to.write(Buffer.concat(held))
      held = []
    }
    from.on('data', (part: Buffer) => {
      held.push(part)
      if (held.reduce((sum, { length }) => sum + length, 0) >= bytes) flush()
    })
    from.on('end', () => {
      flush()
      to.end()
    })
  }
}

/** Each event at once, or when the compressor has enough. */
export function gzipping(flushes: boolean): Pass {
  return (from, to) => {
    const { 'content-length': _plain, ...headers } = from.headers
    to.writeHead(from.statusCode ?? 500, { ...headers, 'content-encoding': 'gzip' })
    from.pipe(createGzip(flushes ? { flush: constants.Z_SYNC_FLUSH } : {})).pipe(to)
  }
}

export function changing(changes: Readonly<Record<string, string | null>>): Pass {
  return (from, to) => {
    const headers = Object.entries({ ...from.headers, ...changes }).filter(([, value]) => value !== null)
    to.writeHead(from.statusCode ?? 500, Object.fromEntries(headers) as Record<string, string>)
    from.pipe(to)
  }
}

/** Ends the connection after so much silence, as read timeouts do. */
export function impatient(silenceMs: number): Pass {
  return (from, to) => {
    faithful(from, to)
    let timer = setTimeout(() => to.destroy(), silenceMs)
    from.on('data', () => {
      clearTimeout(timer)
      timer = setTimeout(() => to.destroy(), silenceMs)
    })
    from.on('close', () => clearTimeout(timer))
  }
}

export function answering(status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Pass {
  return (from, to) => {
    from.resume()
    to.writeHead(status, headers)
    to.end(body)
  }
}
