// Everybody who asks: so many answers read at once and so many searches a second, begun when they are due whether or not
// the server keeps up, and timed from when they were due. Sockets are read by hand: what is counted costs little here.
import { connect } from 'node:net'
import { clockMs } from './clock.ts'
import { type Asked, type Asking, requestOf, type Sending } from './asked.ts'
import { type Replied, sendAll } from './requests.ts'
import { isLetter, type Letters, NAME_LENGTH } from './text.ts'

export type ReadersOrder = (Asking & { readonly type: 'read' }) | (Sending & { readonly type: 'send' })
export type ReadersNews =
  | { readonly type: 'ready' }
  | { readonly type: 'read'; readonly answers: readonly Read[] }
  | ({ readonly type: 'replied' } & Replied)

export type Read = Letters & {
  /** from when it was due; null: it never came */
  readonly firstEventMs: number | null
  readonly firstTextMs: number | null
  readonly events: number
  /** the type of the last event, or what went wrong */
  readonly end: string
}

export function runReaders(): void {
  process.on('message', (order: ReadersOrder) => {
    if (order.type === 'read') void readAll(order).then((answers) => tell({ type: 'read', answers }))
    else void sendAll(order).then((replied) => tell({ type: 'replied', ...replied }))
  })
  tell({ type: 'ready' })
}

function tell(news: ReadersNews): void {
  process.send?.(news)
}

async function readAll({ urls, asked }: Asking): Promise<Read[]> {
  return await Promise.all(
    asked.map(
      async (each, n) =>
        await new Promise<Read>((resolve) => {
          setTimeout(() => readOne(urls[n % urls.length] ?? '', each, resolve), Math.max(0, each.dueAt - clockMs()))
        }),
    ),
  )
}

type Reading = {
  name: string
  letters: number[]
  at: number[]
  sum: number
  firstEventAt: number | null
  firstTextAt: number | null
  events: number
  end: string
  type: string
}

const terminal = new Set(['done', 'abstained', 'stopped', 'error'])

function readOne(url: string, { question, dueAt }: Asked, resolve: (read: Read) => void): void {
  const { hostname, port, host } = new URL(url)
  const reading: Reading = {
    name: '',
    letters: [],
    at: [],
    sum: 0,
    firstEventAt: null,
    firstTextAt: null,
    events: 0,
    end: 'cut',
    type: '',
  }
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.write(requestOf('/v1/ask', host, { question, stream: true, fresh: true }))
  let rest = ''
  socket.on('data', (bytes) => {
    const now = clockMs()
    const lines = (rest + bytes.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) readLine(reading, line, now)
    if (terminal.has(reading.end)) socket.destroy()
  })
  socket.on('error', (error) => (reading.end = error.message))
  socket.on('close', () => resolve(toRead(reading, dueAt)))
}

/** The frames of HTTP stand between lines of ours: an event is always written whole. */
function readLine(reading: Reading, line: string, now: number): void {
  if (line.startsWith('event: ')) {
    reading.type = line.slice(7)
    reading.events++
    reading.firstEventAt ??= now
    if (terminal.has(reading.type)) reading.end = reading.type
    return
  }
  if (line.startsWith('HTTP/1.1 ') && !line.startsWith('HTTP/1.1 200')) reading.end = line.slice(9, 12)
  if (reading.type !== 'text' || !line.startsWith('data: {"delta":"')) return
  reading.firstTextAt ??= now
  count(reading, line, now)
}

const DELTA = 'data: {"delta":"'.length

function count(reading: Reading, line: string, now: number): void {
  for (let at = DELTA; at < line.length; at++) {
    const code = line.charCodeAt(at)
    // What is escaped is a line break or a quotation mark.
    if (code === 92) at++
    else if (isLetter(code)) {
      if (reading.name.length < NAME_LENGTH) reading.name += String.fromCharCode(code)
      reading.sum++
    }
  }
  reading.letters.push(reading.sum)
  reading.at.push(now)
}

function toRead(reading: Reading, dueAt: number): Read {
  const { name, letters, at, firstEventAt, firstTextAt, events, end } = reading
  return {
    name,
    letters: Uint32Array.from(letters),
    at: Float64Array.from(at),
    firstEventMs: firstEventAt && firstEventAt - dueAt,
    firstTextMs: firstTextAt && firstTextAt - dueAt,
    events,
    end,
  }
}
