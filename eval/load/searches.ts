// Searches that begin when they are due. One that finds no free connection opens another, up to a bound, and waits then:
// its time runs from when it was due.
import { connect, type Socket } from 'node:net'
import { clockMs } from './clock.ts'
import { type Asked, type Asking, requestOf } from './asked.ts'

export type Searched = {
  /** of those that succeeded, from when they were due */
  readonly ms: Float64Array
  readonly failed: number
}

const MOST_CONNECTIONS = 500

type Line = { readonly socket: Socket; received: string; done: (status: number) => void }

export async function search({ urls, asked }: Asking): Promise<Searched> {
  const ms: number[] = []
  let failed = 0
  const idle: Line[] = []
  const waiting: ((line: Line) => void)[] = []
  let open = 0
  const free = (line: Line) => {
    const next = waiting.shift()
    if (next) next(line)
    else idle.push(line)
  }
  const ask = async ({ question, dueAt }: Asked, n: number) =>
    await new Promise<void>((resolve) => {
      const url = new URL(urls[n % urls.length] ?? '')
      const send = (line: Line) => {
        line.done = (status) => {
          if (status === 200) ms.push(clockMs() - dueAt)
          else failed++
          if (status > 0) free(line)
          else open--
          resolve()
        }
        line.socket.write(requestOf('/v1/search', url.host, { query: question }))
      }
      const line = idle.findLast(({ socket }) => !socket.destroyed)
      if (line) {
        idle.splice(idle.indexOf(line))
        send(line)
      } else if (open < MOST_CONNECTIONS) {
        open++
        send(opened(url))
      } else waiting.push(send)
    })
  await Promise.all(
    asked.map(async (each, n) => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, each.dueAt - clockMs())))
      await ask(each, n)
    }),
  )
  for (const { socket } of idle) socket.destroy()
  return { ms: Float64Array.from(ms), failed }
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
