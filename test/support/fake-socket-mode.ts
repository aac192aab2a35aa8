// Slack's side of Socket Mode: apps.connections.open, and the WebSocket it names (RFC 6455, text frames of one piece).
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export type SocketMode = AsyncDisposable & {
  readonly apiUrl: string
  /** what the app sent, in order */
  readonly received: { readonly envelope_id: string; readonly payload?: object }[]
  /** how often it asked for an address, and was given one */
  readonly opened: () => number
  readonly send: (message: object) => void
  /** the error that an app that asks for an address is told; null: none */
  refusal: string | null
  /** Ends the connection as Slack does when it moves it. */
  readonly hangUp: () => void
}

export async function openSocketMode(): Promise<SocketMode> {
  const received: SocketMode['received'] = []
  let socket: Socket | null = null
  let opened = 0
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    if (fake.refusal === null) opened++
    const { refusal: error } = fake
    const told = error === null ? { ok: true, url: `ws://127.0.0.1:${port()}/link` } : { ok: false, error }
    response.end(JSON.stringify(told))
  })
  const port = () => (server.address() as AddressInfo).port
  const send = (message: object) => void socket?.write(frame(JSON.stringify(message)))
  server.on('upgrade', (request, raw) => {
    socket = raw as Socket
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}${MAGIC}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    )
    socket.on('data', (bytes: Buffer) => take(bytes, received)).on('error', () => {})
    send({ type: 'hello' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: SocketMode = {
    apiUrl: `http://127.0.0.1:${port()}/api/`,
    received,
    opened: () => opened,
    send,
    refusal: null,
    hangUp: () => void socket?.end(Buffer.from([0x88, 0])),
    [Symbol.asyncDispose]: async () => {
      socket?.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return fake
}

function frame(text: string): Buffer {
  const body = Buffer.from(text)
  const size = body.length < 126 ? [body.length] : [126, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([0x81, ...size]), body])
}

/** What an app sends is masked; its texts are short, and come whole. */
function take(bytes: Buffer, received: SocketMode['received']): void {
  for (let at = 0; at + 2 <= bytes.length;) {
    const kind = bytes[at]! & 15
    const short = bytes[at + 1]! & 127
    const head = at + (short === 126 ? 4 : 2)
    const size = short === 126 ? bytes.readUInt16BE(at + 2) : short
    const mask = bytes.subarray(head, head + 4)
    const body = bytes.subarray(head + 4, head + 4 + size).map((byte, n) => byte ^ mask[n % 4]!)
    if (kind === 1) received.push(JSON.parse(Buffer.from(body).toString()) as SocketMode['received'][number])
    at = head + 4 + size
  }
}
