// npm run ask: the answer as it is written, then its footnotes. Ctrl-C stops it and keeps what was said.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { AppError } from '../core/errors.ts'
import type { CommandOptions } from './connect.ts'
import { createWrapper, widthOf, wrap } from './layout.ts'
import { bold, describeProblem, footnotes, refusal, type WireAnswer } from './print.ts'
import { cutOff, partsOf } from './stream.ts'

const REFUSED = 3
// What a shell reports of a program that Ctrl-C ended.
const INTERRUPTED = 130
const CUT = 'The connection to the server was cut before the answer ended. Ask again.'

export async function ask(question: string, options: CommandOptions): Promise<number> {
  const { connection, json } = options
  const response = await connection.request('/v1/ask', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ question }),
  })
  if (!response.ok || !response.body) throw await describeProblem(response)
  const answer = await follow(response.body, options)
  const sheet = { width: widthOf(process.stdout), url: connection.url }
  if (json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  else process.stdout.write(answer.status === 'abstained' ? refusal(answer, sheet) : footnotes(answer, sheet))
  if (answer.status === 'stopped') return INTERRUPTED
  return answer.status === 'abstained' ? REFUSED : 0
}

/** Of the parts of an event, those that it has. */
type Fields = {
  readonly id: string
  readonly delta: string
  readonly start: number
  readonly end: number
  readonly verdict: string
  readonly answer: WireAnswer
  readonly code: string
}

// As the page calls them.
const doubts: Readonly<Record<string, string>> = { unsupported: 'unsupported', partial: 'partly supported' }

// What belongs to a sentence behind its last word, and may be shown before its verdict.
const ending = /^(?: *\[\d+\])*[.!?…:]? *$/

/** Shows the text as it comes; returns the answer its last event carries. */
async function follow(body: ReadableStream<Uint8Array>, options: CommandOptions): Promise<WireAnswer> {
  const events = body.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream())
  const show = options.json ? () => {} : (text: string) => void process.stdout.write(text)
  const width = widthOf(process.stdout)
  const wrapper = createWrapper(width, (word) => word.replaceAll(/\[\d+\]/g, bold))
  let said = ''
  const late: string[] = []
  for await (const { event, data } of partsOf(events, CUT)) {
    const fields = JSON.parse(data) as Fields
    if (event === 'started') stopOnAbort(fields.id, options)
    if (event === 'text') {
      show(wrapper.push(fields.delta))
      said += fields.delta
    }
    const isLast = event === 'done' || event === 'abstained' || event === 'stopped'
    if ((isLast || event === 'error') && said !== '') show(`${wrapper.end()}\n${late.join('')}`)
    if (event === 'error') throw failure(fields.code, options.connection.url)
    if (isLast) return fields.answer
    const doubt = event === 'verdict' ? doubts[fields.verdict] : undefined
    if (doubt === undefined) continue
    // A second opinion may come when the next sentence stands there already: that one is named under the answer.
    if (ending.test(said.slice(fields.end))) show(wrapper.mark(`(${doubt})`))
    else late.push(`\n${wrap(`${doubt}: “${said.slice(fields.start, fields.end)}”`, width)}\n`)
  }
  throw cutOff(CUT)
}

/** The stop is asked of the server, which then sends the stopped answer: nothing that was said is lost. */
function stopOnAbort(id: string, { connection, signal }: CommandOptions): void {
  const stop = () => void connection.request(`/v1/answers/${id}/stop`, { method: 'POST' }).catch(() => {})
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
}

function failure(code: string, url: string | null): AppError {
  const where = url ? `the log of the server at ${url} has the details` : 'LOG_LEVEL=error shows the details'
  return new AppError(code, `The answer failed (${code}). Ask again; ${where}.`)
}
