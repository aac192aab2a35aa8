// The child of apart.ts: reads one document after the other. Started with no environment, with Node's permission to
// read this program and nothing else, and with no way to the network.
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import { Worker } from 'node:worker_threads'
import { SourceError } from '../../core/errors.ts'
import type { Reply, Request } from './apart.ts'
import { read } from './read.ts'

closeNetwork()
// A thread of its own, because a parser that grows without end lets no timer of this one run.
new Worker(new URL('./apart-watch.ts', import.meta.url), { argv: process.argv.slice(2) }).unref()
process.on('message', (request: Request) => void answer(request))
// Whoever asked is gone.
process.on('disconnect', () => process.exit())
process.send?.('ready')

async function answer(request: Request): Promise<void> {
  process.send?.(await reply(request))
}

async function reply({ source, bytes, expected }: Request): Promise<Reply> {
  try {
    return { parsed: await read(source, bytes, expected) }
  } catch (error) {
    if (error instanceof SourceError) return { code: error.code, message: error.message }
    throw error
  }
}

/** Node 24 has no permission for the network, so its doors are walled up before any parser is loaded. */
function closeNetwork(): void {
  net.Socket.prototype.connect = refuse
  net.Server.prototype.listen = refuse
  dgram.Socket.prototype.send = refuse
  dgram.Socket.prototype.bind = refuse
  Object.assign(dns, { lookup: refuse, resolve: refuse })
  Object.assign(dns.promises, { lookup: refuse, resolve: refuse })
  Object.assign(globalThis, { fetch: refuse, WebSocket: refuse, EventSource: refuse })
}

function refuse(): never {
  throw new Error('a document is read without a network')
}
