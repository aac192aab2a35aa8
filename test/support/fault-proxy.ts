// The network as it fails: a TCP proxy whose fault is switched while connections go through it.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export type NetworkFault =
  | { readonly type: 'pass' }
  /** nobody listens: who connects is turned away, and who is connected is cut */
  | { readonly type: 'refuse' }
  /** everything that arrives from now on ends its connection with RST */
  | { readonly type: 'reset' }
  /** a cut cable: connections are there, and nothing arrives */
  | { readonly type: 'blackhole' }
  | { readonly type: 'delay'; readonly delayMs: number }
  | { readonly type: 'throttle'; readonly bytesPerSecond: number }
  /** of each connection so many more bytes of the server's arrive, then it is cut */
  | { readonly type: 'cut'; readonly afterBytes: number }

export type FaultProxy = {
  readonly port: number
  /** from now on, for connections there are as well */
  readonly set: (fault: NetworkFault) => void
  /** Ends every connection there is with RST, as a failover does. */
  readonly cutAll: () => void
  readonly connections: () => number
} & AsyncDisposable

const SLICE_MS = 10

export async function openFaultProxy(target: { readonly host?: string; readonly port: number }): Promise<FaultProxy> {
  let fault: NetworkFault = { type: 'pass' }
  const pairs = new Set<() => void>()
  const server = createServer((near) => {
    if (fault.type === 'refuse') {
      near.resetAndDestroy()
      return
    }
    const far = connect({ host: '127.0.0.1', ...target })
    const cut = () => {
      pairs.delete(cut)
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
    pairs.add(cut)
    let arrived: { fault: NetworkFault; bytes: number } = { fault, bytes: 0 }
    const allowance = (): number => {
      if (arrived.fault !== fault) arrived = { fault, bytes: 0 }
      return fault.type === 'cut' ? fault.afterBytes - arrived.bytes : Infinity
    }
    const count = (bytes: number) => (arrived.bytes += bytes)
    for (const socket of [near, far]) socket.setNoDelay(true).on('error', cut).on('close', cut)
    void carry(near, far, () => fault, null, cut)
    void carry(far, near, () => fault, { allowance, count }, cut)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  const cutAll = () => {
    for (const cut of pairs) cut()
  }
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      fault = next
      if (next.type === 'refuse') cutAll()
    },
    cutAll,
    connections: () => pairs.size,
    [Symbol.asyncDispose]: async () => {
      cutAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Limit = { readonly allowance: () => number; readonly count: (bytes: number) => void }

/** One direction, in order, with the fault that there is as each part arrives. */
async function carry(from: Socket, to: Socket, now: () => NetworkFault, limit: Limit | null, cut: () => void) {
  try {
    for await (const part of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const fault = now()
      if (fault.type === 'blackhole') continue
      if (fault.type === 'reset') return cut()
      if (fault.type === 'delay') await wait(fault.delayMs)
      const kept = part.subarray(0, Math.max(0, limit?.allowance() ?? Infinity))
      await send(kept, to, fault)
      limit?.count(kept.length)
      if (kept.length < part.length) return cut()
    }
    to.end()
  } catch {
    cut()
  }
}

async function send(part: Buffer, to: Socket, fault: NetworkFault): Promise<void> {
  const slice = fault.type === 'throttle' ? Math.ceil((fault.bytesPerSecond * SLICE_MS) / 1000) : part.length
  for (let at = 0; at < part.length; at += slice) {
    if (!to.write(part.subarray(at, at + slice))) await new Promise((resolve) => to.once('drain', resolve))
    if (slice < part.length) await wait(SLICE_MS)
  }
}
