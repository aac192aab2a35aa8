// A footnote to a PDF says on which page its quote begins, on every surface; a footnote to anything else says nothing new.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { footnotes, passageLines } from '../cli/print.ts'
import type { Answer } from '../core/types.ts'
import { fromWire } from '../server/http/wire.ts'
import { type Page, pagesOf, passagePages } from '../server/slack/blocks.ts'
import { asMarkdown } from '../web/copy.js'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary, TOKEN } from './support/app.ts'
import { handbook } from './support/fixtures.ts'
import { connected, textOf } from './support/mcp.ts'
import { type Serving, serving } from './support/serving.ts'
import { readEvents, readJson, type WireAnswer, type WirePassage } from './support/wire.ts'

const LAMPS = 'How much oil do the lamps of Kestrel harbour burn?'
const PILOT = 'Where does the pilot of Kestrel harbour wait?'
const STRIPE = 'How does Stripe rate limit requests?'
const ADDRESS = 'https://example.com/handbook.pdf'
const NAME = 'Kestrel lamps, p. 2'

let library: TestLibrary
let app: TestApp
let server: Serving
let lamps: Answered

beforeAll(async () => {
  library = await openTestLibrary()
  await writeFile(join(library.folder, 'handbook.pdf'), handbook())
  app = openTestApp(library)
  const headers = { authorization: `Bearer ${TOKEN}` }
  await (await app.post('/v1/ingest', { paths: [library.folder] }, { headers })).text()
  server = await serving(app)
  lamps = await ask(LAMPS)
})
afterAll(async () => await server[Symbol.asyncDispose]())

type Answered = WireAnswer & { readonly status: 'answered' }

async function ask(question: string): Promise<Answered> {
  return await readJson<Answered>(await app.post('/v1/ask', { question }))
}

const isHandbook = ({ document }: WirePassage) => document.source.endsWith('.pdf')
const places = ({ citations }: WireAnswer) => citations.map(({ quote, page }) => [page, quote])

/** As if its PDF had been learned with this address. */
function published(answer: WireAnswer): Answer {
  const citations = answer.citations.map((each) => ({ ...each, document: { ...each.document, url: ADDRESS } }))
  return fromWire({ ...answer, citations }) as Answer
}

const wordsOf = (pages: readonly Page[]) => JSON.stringify(pages.map(({ blocks }) => blocks))

describe('a quote from the second page', () => {
  it('is cited with its page in the answer, which is kept with it', async () => {
    expect(places(lamps)).toEqual([[2, 'The lamps of Kestrel harbour burn four barrels of whale oil every month.']])
    expect(await readJson<WireAnswer>(await app.get(`/v1/answers/${lamps.id}`))).toMatchObject({
      citations: [{ page: 2 }],
    })
  })

  it('is cited with it while the answer is streamed', async () => {
    const events = await readEvents(await app.post('/v1/ask', { question: LAMPS, stream: true }))
    expect(events.filter(({ type }) => type === 'citation')).toMatchObject([{ body: { citation: { page: 2 } } }])
  })

  it('is found in a passage that says where it begins', async () => {
    const response = await app.post('/v1/search', { query: LAMPS })
    const { passages } = await readJson<{ passages: WireAnswer['passages'] }>(response)
    const [paged, others] = [passages.filter(isHandbook), passages.filter((each) => !isHandbook(each))]
    expect(paged.map(({ headings, page }) => `${headings.at(-1)} ${page}`).toSorted()).toEqual([
      'Kestrel bells 3',
      'Kestrel gates 1',
      'Kestrel lamps 2',
      'Kestrel pilot 2',
    ])
    expect(others.filter(({ page }) => page !== null)).toEqual([])
  })

  it('has it in the name of its annotation for clients of the chat API, and in the object beside it', async () => {
    const messages = [{ role: 'user', content: LAMPS }]
    const response = await app.post('/v1/chat/completions', { model: 'footnote', messages })
    expect(await readJson(response)).toMatchObject({
      choices: [
        { message: { annotations: [{ url_citation: { title: expect.stringMatching(/, p\. 2$/) as string } }] } },
      ],
      footnote: { citations: [{ page: 2 }] },
    })
  })

  it('has it in what an assistant is told by the Model Context Protocol', async () => {
    const client = await connected(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)))
    const asked = await client.callTool({ name: 'ask', arguments: { question: LAMPS } })
    expect(asked.structuredContent).toMatchObject({ citations: [{ page: 2 }] })
    expect(textOf(asked)).toContain(`${NAME}](`)
    const found = await client.callTool({ name: 'search', arguments: { query: LAMPS } })
    const { results } = found.structuredContent as { results: { title: string; page: number | null }[] }
    expect(results.find(({ title }) => title === 'Kestrel harbour handbook')?.page).toBe(2)
    expect(results.find(({ title }) => title !== 'Kestrel harbour handbook')?.page ?? null).toBeNull()
    await client.close()
  })

  it('has it in Slack, where the original opens at it when this server has no address', () => {
    const shown = { publicUrl: null, hasHuman: false, isForOne: false }
    expect(wordsOf(pagesOf(fromWire(lamps) as Answer, shown))).toContain(`${NAME}*`)
    expect(wordsOf(passagePages(fromWire(lamps) as Answer, null))).toContain(`${NAME}*`)
    expect(wordsOf(pagesOf(published(lamps), shown))).toContain(
      `<${ADDRESS}#page=2|Kestrel harbour handbook › ${NAME}>`,
    )
  })

  it('has it in the terminal, likewise', () => {
    const sheet = { width: 80, url: null }
    expect(footnotes(lamps, sheet)).toContain(`${NAME}\n`)
    expect(passageLines(lamps.passages, sheet)).toContain(`${NAME}\n`)
    expect(footnotes(published(lamps), sheet)).toContain(`${ADDRESS}#page=2`)
  })

  it('has it on the page, and in what is copied from there', () => {
    expect(asMarkdown(lamps as never, server.url)).toContain(`${NAME}](${server.url}/documents/`)
  })
})

describe('a quote that goes over the end of a page', () => {
  it('is whole, and cited with the page on which it begins', async () => {
    expect(places(await ask(PILOT))).toContainEqual([
      2,
      'The pilot of Kestrel harbour waits beside the northern buoy, because the channel is narrow and moves with every storm.',
    ])
  })

  it('is marked on the reader page around the mark of the next one', async () => {
    const { citations } = await ask(PILOT)
    const [{ document, span, quote } = lamps.citations[0]!] = citations.filter(({ quote }) => quote.includes('pilot'))
    const html = await (await app.get(`/documents/${document.id}?start=${span.start}&end=${span.end}`)).text()
    const marked = [...html.matchAll(/<mark>(.*?)<\/mark>/gs)].map(([, words]) => words)
    expect(marked).toHaveLength(2)
    expect(marked.join('')).toBe(quote)
    const article = /<article[^>]*>(.*)<\/article>/s.exec(html)?.[1] ?? ''
    expect(article.match(/aria-label="Page \d+"/g)).toEqual([1, 2, 3].map((page) => `aria-label="Page ${page}"`))
    const { text } = await readJson<{ text: string }>(await app.get(`/v1/documents/${document.id}`))
    expect(article.replaceAll(/<[^>]*>/g, '').trim()).toBe(text)
  })
})

it('a document without pages is cited without one', async () => {
  const { citations, passages } = await ask(STRIPE)
  const others = passages.filter((each) => !isHandbook(each))
  expect(citations[0]?.document.source).toContain('stripe.md')
  expect([...citations, ...others].filter(({ page }) => page !== null)).toEqual([])
  const sheet = { width: 80, url: null }
  expect(footnotes({ ...lamps, citations }, sheet) + passageLines(others, sheet)).not.toContain(', p. ')
  const { id } = citations[0]!.document
  expect(await (await app.get(`/documents/${id}`)).text()).not.toContain('doc-pagebreak')
  expect(await readJson(await app.get(`/v1/documents/${id}`))).toMatchObject({ pages: [] })
})
