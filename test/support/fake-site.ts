// A scripted site for browser tests: the real pages and reader over a few documents, and an /v1/ask that plays events.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pageAt } from '../../core/pages.ts'
import type { DocumentStore, DocumentText } from '../../core/ports.ts'
import { pageRoutes } from '../../server/http/pages.ts'
import { refuseStrangers } from '../../server/http/limits.ts'
import { problemResponse } from '../../server/http/failure.ts'
import { readerRoutes } from '../../server/http/reader.ts'
import { admit, isAdmitted } from '../../server/http/widget.ts'
import type { Answer, Citation, DocumentRef, Growth, Passage, Place, Statement, Verdict } from '../../web/wire.d.ts'
import { noDocuments } from './fake-store.ts'
import { named, storedAnswers, storedBefore } from './fake-stored.ts'

/** A step of an answer: an event, a pause of so many milliseconds, the moment a reader stops it, or a torn connection. */
export type Step = { readonly type: string; readonly [field: string]: unknown } | number | 'until-stopped' | 'cut'
export type Asked = {
  readonly question: string
  readonly conversation_id?: string
  readonly mode?: string
  readonly history?: readonly { readonly question: string }[]
}
export type Reply = readonly Step[] | Response

export type Running = {
  readonly id: string
  readonly asked: Asked
  readonly conversation: string
  readonly steps: Step[]
  /** how many steps were played */
  reached: number
  firstTextAt?: number
  readonly stopped: AbortController
}

export type FakeSite = {
  readonly url: string
  readonly asked: Asked[]
  /** `Last-Event-ID` of every time a stream was picked up again */
  readonly resumed: string[]
  /** every thumb that was given; null: taken back */
  readonly feedback: unknown[]
  /** when the first words of the last answer were sent, by the clock */
  readonly firstTextAt: () => number
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
  const feedback: unknown[] = []
  const answers = new Map<string, Running>(storedBefore(script))
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
    const running = { id, asked: question, conversation, steps, reached: 0, stopped: new AbortController() }
    answers.set(id, running)
    return play(running, 0)
  })
  app.get('/v1/answers/:id/events', (c) => {
    const running = answers.get(c.req.param('id'))
    if (running === undefined) return c.json({ code: 'unknown-answer', title: 'There is no such answer.' }, 404)
    const lastId = c.req.header('last-event-id') ?? ''
    resumed.push(lastId)
    // A few events again, as a server may send them that kept its log in larger pieces.
    return play(running, Math.max(0, Number(lastId) - 4))
  })
  app.post('/v1/answers/:id/stop', (c) => {
    answers.get(c.req.param('id'))?.stopped.abort()
    return c.json({ stopped: true }, 202)
  })
  app.route('/', storedAnswers(answers, feedback, fakeDocuments(documents)))
  const server = serve({ fetch: app.fetch, port: Number(process.env['FAKE_PORT'] ?? 0), hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    resumed,
    feedback,
    firstTextAt: () => [...answers.values()].at(-1)?.firstTextAt ?? 0,
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

// The id of an event is its place among the steps, so a resumed stream goes on where the last one was torn.
function play(running: Running, from: number): Response {
  const body = ReadableStream.from(frames(running, from)).pipeThrough(new TextEncoderStream())
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

async function* frames(running: Running, from: number): AsyncGenerator<string> {
  const { steps } = running
  for (let at = from; at < steps.length; at++) {
    const step = steps[at] ?? 0
    running.reached = Math.max(running.reached, at + 1)
    if (step === 'cut') {
      // Half an event, as a torn connection leaves it: what the page must not show twice. It is torn here only once.
      steps.splice(at, 1)
      yield `id: 999\nevent: text\ndata: {"delta":"torn`
      return
    }
    if (typeof step === 'number') await wait(step)
    else if (step === 'until-stopped') {
      const { signal } = running.stopped
      if (!signal.aborted) await once(signal, 'abort')
    } else {
      const { type, ...given } = step
      if (type === 'text') running.firstTextAt ??= Date.now()
      const fields = 'answer' in given ? { answer: named(given['answer'] as Answer, running) } : given
      yield `: beat\r\nid: ${at + 1}\r\nevent: ${type}\r\ndata: ${JSON.stringify(fields)}\r\n\r\n`
    }
  }
}

export function fakeDocuments(documents: readonly DocumentText[]): DocumentStore {
  return {
    ...noDocuments,
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
    removedAt: null,
    authors: [],
    boilerplate: [],
    pages: [],
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
  const headings = heading ? [heading.title] : []
  return { n, document: ref, headings, page: pageAt(document.pages, start), span: { start, end } }
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
