// npm run ask: the answer as it is written, then its footnotes. Ctrl-C stops it and keeps what was said.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { AppError } from '../core/errors.ts'
import type { CommandOptions } from './connect.ts'
import { describeProblem, footnotes, refusal, type WireAnswer } from './print.ts'

const REFUSED = 3

export async function ask(question: string, options: CommandOptions): Promise<number> {
  const { connection, json, signal } = options
  const response = await connection.request('/v1/ask', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ question }),
  })
  if (!response.ok || !response.body) throw await describeProblem(response)
  const answer = await follow(response.body, { ...options, echo: !json }, signal)
  if (json) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  else if (answer.status === 'abstained') process.stdout.write(refusal(answer, connection.url))
  else process.stdout.write(footnotes(answer, connection.url))
  return answer.status === 'abstained' ? REFUSED : 0
}

type Following = CommandOptions & { readonly echo: boolean }

async function follow(body: ReadableStream<Uint8Array>, options: Following, signal: AbortSignal): Promise<WireAnswer> {
  const events = body.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream())
  let id = ''
  // The stop is asked of the server, which then sends the stopped answer: nothing that was said is lost.
  const stop = () => void options.connection.request(`/v1/answers/${id}/stop`, { method: 'POST' })
  signal.addEventListener('abort', stop, { once: true })
  for await (const { event, data } of events) {
    const fields = JSON.parse(data) as { id: string; delta: string; answer: WireAnswer; code: string }
    if (event === 'started') ({ id } = fields)
    if (event === 'text' && options.echo) process.stdout.write(fields.delta)
    if (event === 'error')
      throw new AppError(
        fields.code,
        `The answer failed (${fields.code}). Ask again; the log of the server has the details.`,
      )
    if (event === 'done' || event === 'abstained' || event === 'stopped') return fields.answer
  }
  throw new AppError('cut', 'The connection to the server was cut before the answer ended. Ask again.')
}
