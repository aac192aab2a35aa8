// Requests that begin when they are due. One that finds no free connection opens another, up to a bound, and waits then:
// its time runs from when it was due.
import { connect, type Socket } from 'node:net'
import type { Sending } from './asked.ts'
import { clockMs } from './clock.ts'

/** Of each request, in their order: its status, 0 where the connection was lost, and its time from when it was due. */
export type Replied = { readonly statuses: Int16Array; readonly ms: Float64Array }

type Line = { readonly socket: Socket; received: string; done: (status: number) => void }

export async function sendAll({ urls, sent, connections }: Sending): Promise<Replied> {
  const statuses = new Int16Array(sent.length)
  const ms = new Float64Array(sent.length)
  const idle: Line[] = []
  const waiting: ((line: Line) => void)[] = []
  let open = 0
  const free = (line: Line) => {
    const next = waiting.shift()
    if (next) next(line)
    else idle.push(line)
  }
  const lost = (url: URL) => {
    open--
    const next = waiting.shift()
    if (!next) return
    open++
    next(opened(url))
  }
  const ask = async ({ request, dueAt }: Sending['sent'][number], n: number) =>
    await new Promise<void>((resolve) => {
      const url = new URL(urls[n % urls.length] ?? '')
      const send = (line: Line) => {
        line.done = (status) => {
          statuses[n] = status
          ms[n] = clockMs() - dueAt
          if (status > 0 && !line.socket.destroyed) free(line)
          else lost(url)
          resolve()
        }
        line.socket.write(request)
      }
      const line = idle.findLast(({ socket }) => !socket.destroyed)
      if (line) {
        idle.splice(idle.indexOf(line))
        send(line)
      } else if (open < connections) {
        open++
        send(opened(url))
      } else waiting.push(send)
    })
  await Promise.all(
    sent.map(async (each, n) => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, each.dueAt - clockMs())))
      await ask(each, n)
    }),
  )
  for (const { socket } of idle) socket.destroy()
  return { statuses, ms }
}

function opened({ hostname, port }: URL): Line {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  const line: Line = { socket, received: '', done: () => {} }
  const end = (status: number) => {
    line.received = ''
    const { done } = line
    line.done = () => {}
    done(status)
  }
  socket.on('data', (bytes) => {
    line.received += bytes.toString('latin1')
    const start = line.received.indexOf('\r\n\r\n') + 4
    if (start < 4) return
    const length = /^content-length: *(\d+)/im.exec(line.received.slice(0, start))?.[1]
    const isWhole = length ? line.received.length >= start + Number(length) : line.received.endsWith('\r\n0\r\n\r\n')
    if (isWhole) end(Number(line.received.slice(9, 12)))
  })
  socket.on('error', () => {})
  socket.on('close', () => end(0))
  return line
}
