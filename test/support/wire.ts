// What a client of the server reads: its answers, its events, its problems.
import { createParser } from 'eventsource-parser'

type WireSpan = { start: number; end: number }
export type WireDocument = {
  id: string
  title: string
  source: string
  url: string | null
  revision: string
  published_at: string | null
}
export type WirePassage = {
  n: number
  document: WireDocument
  headings: string[]
  page: number | null
  span: WireSpan
  text: string
  score: number
}
export type WireCitation = {
  n: number
  passage: number
  document: WireDocument
  headings: string[]
  page: number | null
  span: WireSpan
  quote: string
  link: string
}
export type WireStatement = WireSpan & { verdict: string; citations: number[] }
export type WireAnswer = {
  id: string
  conversation_id: string
  question: string
  query: string
  status: string
  reason: string | null
  mode: string
  fallback: string | null
  answer: string
  statements: WireStatement[]
  citations: WireCitation[]
  passages: WirePassage[]
  nearest: WirePassage[]
  missing: string[]
  models: { generator: string | null; embedder: string }
  prompts: Record<string, string> | null
  cached: boolean
  usage: { input_tokens: number; output_tokens: number; cost_usd: number }
  timings_ms: { retrieve: number; first_text: number; total: number }
}
export type WireProblem = {
  type: string
  status: number
  code: string
  title: string
  field?: string
  request_id?: string
}

/** One server-sent event. Its fields are those of its kind only; the tests say which they expect. */
export type WireEvent = {
  id: number
  type: string
  body: {
    id: string
    conversation_id: string
    mode: string
    passages: WirePassage[]
    delta: string
    citation: WireCitation
    answer: WireAnswer
    code: string
    retryable: boolean
  } & WireStatement
}

export async function readJson<Shape>(response: Response): Promise<Shape> {
  return (await response.json()) as Shape
}

/** The whole stream. A frame that is not an event of ours fails here. */
export async function readEvents(response: Response): Promise<WireEvent[]> {
  return parseEvents(await response.text())
}

export function parseEvents(text: string): WireEvent[] {
  const events: WireEvent[] = []
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      if (id === undefined || event === undefined) throw new Error(`An event without id or name: ${data}`)
      events.push({ id: Number(id), type: event, body: JSON.parse(data) as WireEvent['body'] })
    },
  })
  parser.feed(text)
  return events
}

export const terminal: readonly string[] = ['done', 'abstained', 'stopped', 'error']
