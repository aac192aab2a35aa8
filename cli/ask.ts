// npm run ask: the answer as it is written, then its footnotes. Ctrl-C stops it and keeps what was said.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { AppError } from '../core/errors.ts'
import type { CommandOptions } from './connect.ts'
import { createWrapper, widthOf } from './layout.ts'
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

/** Shows the text as it comes; returns the answer its last event carries. */
async function follow(body: ReadableStream<Uint8Array>, options: CommandOptions): Promise<WireAnswer> {
  const events = body.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream())
  const show = options.json ? () => {} : (text: string) => void process.stdout.write(text)
  const wrapper = createWrapper(widthOf(process.stdout), (word) => word.replaceAll(/\[\d+\]/g, bold))
  let hasText = false
  for await (const { event, data } of partsOf(events, CUT)) {
    const fields = JSON.parse(data) as { id: string; delta: string; answer: WireAnswer; code: string }
    if (event === 'started') stopOnAbort(fields.id, options)
    if (event === 'text') show(wrapper.push(fields.delta))
    hasText ||= event === 'text'
    const isLast = event === 'done' || event === 'abstained' || event === 'stopped'
    if ((isLast || event === 'error') && hasText) show(`${wrapper.end()}\n`)
    if (event === 'error') throw failure(fields.code, options.connection.url)
    if (isLast) return fields.answer
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
