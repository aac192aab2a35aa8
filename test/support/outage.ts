// A database behind a wire that can be cut: connections end at once, and new ones are refused until it is mended.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Wire = {
  readonly url: string
  readonly cut: () => Promise<void>
  readonly mend: () => Promise<void>
} & AsyncDisposable

export async function openWire(url: string): Promise<Wire> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const open = async (port: number) => {
    const server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname)
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
        socket.pipe(other)
      }
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  let server = await open(0)
  const { port } = server.address() as AddressInfo
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const own = new URL(url)
  own.port = String(port)
  return {
    url: own.href,
    cut,
    mend: async () => void (server = await open(port)),
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await cut()
    },
  }
}
