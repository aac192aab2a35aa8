// A scripted site for browser tests: the real pages and reader over a few documents, and an /v1/ask that plays events.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { DocumentStore, DocumentText } from '../../core/ports.ts'
import { pageRoutes } from '../../server/http/pages.ts'
import { refuseStrangers } from '../../server/http/limits.ts'
import { problemResponse } from '../../server/http/failure.ts'
import { readerRoutes } from '../../server/http/reader.ts'
import { admit, isAdmitted } from '../../server/http/widget.ts'
import type { Answer, Citation, DocumentRef, Growth, Passage, Place, Statement, Verdict } from '../../web/wire.d.ts'

/** A step of an answer: an event, a pause of so many milliseconds, the moment a reader stops it, or a torn connection. */
export type Step = { readonly type: string; readonly [field: string]: unknown } | number | 'until-stopped' | 'cut'
export type Asked = { readonly question: string; readonly conversation_id?: string }
export type Reply = readonly Step[] | Response

type Running = {
  readonly id: string
  readonly asked: Asked
  readonly conversation: string
  readonly steps: Step[]
  next: number
  readonly stopped: AbortController
}

export type FakeSite = {
  readonly url: string
  readonly asked: Asked[]
  /** `Last-Event-ID` of every time a stream was picked up again */
  readonly resumed: string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** `script` says what is played for a question; events get their ids here. */
export async function openFakeSite(
  documents: readonly DocumentText[],
  script: (asked: Asked) => Reply,
  widgetOrigins: readonly string[] = [],
): Promise<FakeSite> {
  const asked: Asked[] = []
  const resumed: string[] = []
  const answers = new Map<string, Running>()
  const app = new Hono()
    .use(refuseStrangers(false, (c) => isAdmitted(c, widgetOrigins)))
    .use(admit(widgetOrigins))
    .route('/', pageRoutes(fileURLToPath(new URL('../../web', import.meta.url))))
    .route('/', readerRoutes({ documents: fakeDocuments(documents), library: 'default' }))
  app.onError((error) => problemResponse(error))
  app.post('/v1/ask', async (c) => {
    const question = await c.req.json<Asked>()
    asked.push(question)
    const reply = script(question)
    if (reply instanceof Response) return reply
    const id = `ans_${asked.length}`
    const conversation = question.conversation_id ?? `con_${asked.length}`
    const started = { type: 'started', id, conversation_id: conversation }
    const steps = [started, ...reply]
    const running = { id, asked: question, conversation, steps, next: 0, stopped: new AbortController() }
    answers.set(id, running)
    return play(running)
  })
  app.get('/v1/answers/:id/events', (c) => {
    const running = answers.get(c.req.param('id'))
    if (running === undefined) return c.json({ code: 'unknown-answer', title: 'There is no such answer.' }, 404)
    const lastId = c.req.header('last-event-id') ?? ''
    resumed.push(lastId)
    // A few events again, as a server may send them that kept its log in larger pieces.
    running.next = Math.max(0, Number(lastId) - 4)
    return play(running)
  })
  app.post('/v1/answers/:id/stop', (c) => {
    answers.get(c.req.param('id'))?.stopped.abort()
    return c.json({ stopped: true }, 202)
  })
  app.route('/', storedAnswers(answers))
  const server = serve({ fetch: app.fetch, port: Number(process.env['FAKE_PORT'] ?? 0), hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    resumed,
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What a reader finds again of what was asked here. */
function storedAnswers(answers: ReadonlyMap<string, Running>): Hono {
  const answerOf = (running: Running): Answer | null => {
    const last = running.steps.at(-1)
    const ended = running.next >= running.steps.length && typeof last === 'object' && 'answer' in last
    return ended ? { ...(last['answer'] as Answer), id: running.id, conversation_id: running.conversation } : null
  }
  const exchange = (running: Running) => {
    const answer = answerOf(running)
    return {
      id: running.id,
      question: running.asked.question,
      status: answer?.status ?? 'running',
      asked_at: '',
      answer,
    }
  }
  return new Hono()
    .get('/v1/conversations', (c) => c.json({ conversations: conversationsOf(answers), next: null }))
    .get('/v1/conversations/:id', (c) => {
      const id = c.req.param('id')
      const its = [...answers.values()].filter(({ conversation }) => conversation === id)
      if (its.length === 0)
        return c.json({ code: 'unknown-conversation', detail: 'There is no such conversation.' }, 404)
      const before = c.req.query('before')
      const end = before === undefined ? its.length : its.findIndex((each) => each.id === before)
      const page = its.slice(Math.max(0, end - 20), end)
      const earlier = end > 20 ? page[0]?.id : null
      return c.json({ id, title: its[0]?.asked.question, answers: page.map(exchange), earlier })
    })
    .get('/v1/answers/:id', (c) => {
      const running = answers.get(c.req.param('id'))
      const answer = running && answerOf(running)
      return answer ? c.json(answer) : c.json({ code: 'unknown-answer', detail: 'There is no such answer.' }, 404)
    })
    .post('/v1/answers/:id/feedback', async (c) => c.json({ id: c.req.param('id'), feedback: await c.req.json() }))
    .delete('/v1/answers/:id/feedback', (c) => c.json({ id: c.req.param('id'), feedback: null }))
    .get('/v1/answers/:id/suggestions', (c) => c.json({ suggestions: fakeSuggestions }))
    .get('/v1/suggestions', (c) => c.json({ suggestions: fakeSuggestions }))
    .get('/v1/library', (c) => c.json(fakeLibrary))
    .get('/v1/documents', (c) => c.json({ documents: [], next: null }))
}

function conversationsOf(answers: ReadonlyMap<string, Running>) {
  const first = new Map<string, Running>()
  for (const running of answers.values()) if (!first.has(running.conversation)) first.set(running.conversation, running)
  const titled = Array.from(first, ([id, { asked }]) => ({ id, title: asked.question, questions: 1 }))
  return titled.toReversed().map((each) => ({ ...each, asked_at: new Date().toISOString() }))
}

const fakeSuggestions = [
  { question: 'What is a token bucket?', document: { id: 'doc_bucket', title: 'Token buckets, measured' } },
]

const fakeLibrary = {
  library: 'default',
  documents: 4,
  chunks: 12,
  model: 'gpt-4.1-mini',
  uploads: true,
  last_sync: null,
  running: null,
  failures: [],
}

// The id of an event is its place among the steps, so a resumed stream goes on where the last one was torn.
function play(running: Running): Response {
  const body = ReadableStream.from(frames(running)).pipeThrough(new TextEncoderStream())
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

async function* frames(running: Running): AsyncGenerator<string> {
  for (let step = running.steps[running.next++]; step !== undefined; step = running.steps[running.next++]) {
    if (step === 'cut') {
      // Half an event, as a torn connection leaves it: what the page must not show twice. It is torn here only once.
      running.steps.splice(running.next - 1, 1)
      yield `id: 999\nevent: text\ndata: {"delta":"torn`
      return
    }
    if (typeof step === 'number') await wait(step)
    else if (step === 'until-stopped') {
      const { signal } = running.stopped
      if (!signal.aborted) await once(signal, 'abort')
    } else {
      const { type, ...fields } = step
      yield `: beat\r\nid: ${running.next}\r\nevent: ${type}\r\ndata: ${JSON.stringify(fields)}\r\n\r\n`
    }
  }
}

export function fakeDocuments(documents: readonly DocumentText[]): DocumentStore {
  return {
    currentRevision: async () => null,
    knownVectors: async () => new Map(),
    save: async () => {},
    keepFromAll: async () => {},
    list: async () => [],
    find: async (_library, id, revision) =>
      documents.find(
        (each) => each.id === id && (revision === undefined ? each.current : each.revision === revision),
      ) ?? null,
  }
}

/** A document whose headings are its lines that begin with "# "; the mark itself is not part of the text. */
export function fakeDocument(
  fields: Partial<DocumentText> & { readonly id: string; readonly text: string },
): DocumentText {
  const outline = []
  let text = ''
  for (const line of fields.text.split('\n')) {
    const title = line.replace(/^# /, '')
    if (title !== line) outline.push({ level: 2, title, span: { start: text.length, end: text.length + title.length } })
    text += `${title}\n`
  }
  const rest = {
    title: fields.id,
    source: `${fields.id}.md`,
    url: null,
    revision: 'r1',
    publishedAt: null,
    current: true,
    boilerplate: [],
    audience: [],
  }
  return { ...rest, outline, ...fields, text: text.slice(0, -1) }
}

/** The passage of a document that begins and ends with these words. */
export function passageOf(document: DocumentText, n: number, from: string, to: string): Passage {
  const start = document.text.indexOf(from)
  const end = document.text.indexOf(to, start) + to.length
  return { ...placeOf(document, n, start, end), text: document.text.slice(start, end) }
}

export function citationOf(document: DocumentText, n: number, passage: number, quote: string): Citation {
  const start = document.text.indexOf(quote)
  const place = placeOf(document, n, start, start + quote.length)
  const link = `/documents/${document.id}?revision=${document.revision}#${start}-${start + quote.length}`
  return { ...place, passage, quote, link }
}

function placeOf(document: DocumentText, n: number, start: number, end: number): Place {
  const { id, title, source, url, revision, publishedAt } = document
  const ref: DocumentRef = { id, title, source, url, revision, published_at: publishedAt }
  const heading = document.outline.findLast((each) => each.span.start <= start)
  return { n, document: ref, headings: heading ? [heading.title] : [], span: { start, end } }
}

export type Sentence = { readonly words: string; readonly verdict: Verdict; readonly cites?: readonly Citation[] }

/** The events of an answer made of sentences: words in small pieces, then its markers and citations, then the verdict. */
export function tellAnswer(
  question: string,
  passages: readonly Passage[],
  sentences: readonly Sentence[],
  fields: Partial<Answer> = {},
  pauseMs = 0,
): Step[] {
  const steps: Step[] = [{ type: 'passages', passages }]
  const statements: Statement[] = []
  const citations = new Map<number, Citation>()
  let text = ''
  for (const { words, verdict, cites = [] } of sentences) {
    const lead = /^\s*(?:- |\d+\. )?/.exec(words)?.[0].length ?? 0
    const statement = { start: text.length + lead, end: text.length + words.length, verdict }
    const markers = cites.map(({ n }) => ` [${n}]`).join('')
    const numbers = cites.map(({ n }) => n)
    for (const piece of words.match(/[^]{1,7}/g) ?? []) steps.push({ type: 'text', delta: piece }, pauseMs)
    for (const citation of cites) citations.set(citation.n, citation)
    // The marker arrives in halves and before its citation: the hardest of the permitted orders.
    if (markers !== '')
      steps.push({ type: 'text', delta: markers.slice(0, 2) }, { type: 'text', delta: markers.slice(2) })
    steps.push(...cites.map((citation) => ({ type: 'citation', citation }) satisfies Growth))
    steps.push({ type: 'verdict', ...statement, citations: numbers })
    statements.push({ ...statement, citations: numbers })
    text += words + markers
  }
  const given = { answer: text, statements, citations: [...citations.values()], passages: [...passages] }
  return [...steps, { type: 'done', answer: fakeAnswer(question, { ...given, ...fields }) }]
}

export function fakeAnswer(question: string, fields: Partial<Answer>): Answer {
  return {
    id: 'ans',
    conversation_id: 'con',
    question,
    status: 'answered',
    reason: null,
    mode: 'extractive',
    fallback: null,
    answer: '',
    statements: [],
    citations: [],
    passages: [],
    nearest: [],
    missing: [],
    query: question,
    models: { generator: null, embedder: 'fake' },
    prompts: null,
    cached: false,
    usage: { input_tokens: 0, output_tokens: 0, cost_usd: 0 },
    timings_ms: { retrieve: 12, first_text: 20, total: 412 },
    ...fields,
  }
}
