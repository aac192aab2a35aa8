// What an assistant can do with the library by the Model Context Protocol: search, read and ask. `search` and `fetch`
// have the shape that connectors for deep research expect, https://platform.openai.com/docs/mcp
import { type CallToolResult, McpServer, type ServerContext } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { readerLink } from '../../core/link.ts'
import type { AnswerStore, DocumentStore } from '../../core/ports.ts'
import { searchedOf } from '../../core/refusal.ts'
import type { AnswerEvent, Passage } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { search, type SearchDeps } from '../answer/search.ts'
import { toQuestion } from './ask.ts'
import { ask, finished } from './asking.ts'
import { findDocument } from './documents.ts'
import { problemOf } from './failure.ts'
import { toMarkdown } from './markdown.ts'
import { askInput, askOutput, fetchInput, fetchOutput, inOurWords, searchInput, searchOutput } from './mcp-schemas.ts'
import { offerDocuments, portion } from './mcp-documents.ts'
import { toWire } from './wire.ts'

export type McpDeps = {
  readonly live: LiveAnswers
  readonly answers: AnswerStore
  readonly documents: DocumentStore
  readonly searching: SearchDeps
  readonly library: string
  readonly hasModel: boolean
  /** under which links lead back here; null: as the request names it */
  readonly publicUrl: string | null
  readonly report: (message: string, error: unknown) => void
}

export type Served = McpDeps & {
  readonly origin: string
  /** whose what is asked becomes; null: nobody's */
  readonly owner: string | null
}

const VERSION = '0.1.0'
const INSTRUCTIONS = `A library of documents that can be searched, read and asked.
Use "ask" for a question: its answer is made of the library only, and every sentence cites the exact words behind it. When the library does not hold the answer it says so; do not fill that in from elsewhere without saying so.
Use "search" to find documents, and "fetch" with an id to read one.`

// Nothing changes but the list of finished answers, and nothing beyond the library is asked.
const annotations = { readOnlyHint: true, openWorldHint: false }

export function createMcpServer(deps: Served): McpServer {
  const server = new McpServer(
    { name: 'footnote', title: 'Footnote', version: VERSION },
    { instructions: INSTRUCTIONS, capabilities: { tools: { listChanged: false }, resources: {} } },
  )
  server.registerTool(
    'search',
    {
      title: 'Search the library',
      description:
        'Finds the passages that say most about some words or a question: one result per document, best first.',
      inputSchema: inOurWords(searchInput),
      outputSchema: searchOutput,
      annotations,
    },
    async (input, call) => await attempt(deps, call, async () => asJson(await searchLibrary(input.query, deps, call))),
  )
  server.registerTool(
    'fetch',
    {
      title: 'Read a document',
      description:
        'The text of one document by the id that search gave. A long one comes in portions: see next_offset.',
      inputSchema: inOurWords(fetchInput),
      outputSchema: fetchOutput,
      annotations,
    },
    async (input, call) => await attempt(deps, call, async () => asJson(await fetchDocument(input, deps))),
  )
  server.registerTool(
    'ask',
    {
      title: 'Ask the library',
      description: 'Answers a question from the library, every sentence with a footnote to the exact words behind it.',
      inputSchema: inOurWords(askInput),
      outputSchema: askOutput,
      annotations,
    },
    async (input, call) => await attempt(deps, call, async () => await askLibrary(input, deps, call)),
  )
  offerDocuments(server.server, deps)
  return server
}

/** A failure is told to the assistant in the words of every other surface: it can ask differently. */
async function attempt(
  { report }: Served,
  { mcpReq: { signal } }: ServerContext,
  work: () => Promise<CallToolResult>,
): Promise<CallToolResult> {
  try {
    return await work()
  } catch (error) {
    const { status, title } = problemOf(error)
    // Who has left reads neither this nor an answer.
    if (status >= 500 && !signal.aborted) report('a tool failed', error)
    return { isError: true, content: [{ type: 'text', text: title }] }
  }
}

/** As text for clients that know no structured content. */
function asJson(content: Record<string, unknown>): CallToolResult {
  return { structuredContent: content, content: [{ type: 'text', text: JSON.stringify(content) }] }
}

async function searchLibrary(
  query: string,
  deps: Served,
  { mcpReq }: ServerContext,
): Promise<z.output<typeof searchOutput>> {
  const { passages, found } = await search(query.trim(), deps.library, deps.searching, mcpReq.signal)
  const documents = Map.groupBy(passages, ({ document }) => document.id)
  const results = [...documents.values()].flatMap((each) => toResult(each, deps.origin))
  // Whoever reads the text alone, where no schema explains the field, is told in a sentence.
  const note = searchedOf(found.wordsOnly)
  return note === null ? { results } : { results, words_only: true, note }
}

/** The best passage leads the link and the text. */
function toResult(found: readonly Passage[], origin: string) {
  const [best] = found
  if (!best) return []
  const { id, title } = best.document
  const url = origin + readerLink(best)
  return [{ id, title, url, page: best.page, text: found.map(({ text }) => text).join('\n\n…\n\n') }]
}

async function fetchDocument(
  { id, revision, offset }: z.output<typeof fetchInput>,
  deps: Served,
): Promise<z.output<typeof fetchOutput>> {
  const document = await findDocument(id, revision, deps)
  const { text, nextOffset } = portion(document.text, offset)
  return {
    id,
    title: document.title,
    text,
    url: `${deps.origin}/documents/${id}?revision=${document.revision}`,
    metadata: {
      source: document.source,
      revision: document.revision,
      characters: document.text.length,
      ...(document.url === null ? {} : { original_url: document.url }),
      ...(document.publishedAt === null ? {} : { published_at: document.publishedAt }),
      ...(document.authors.length === 0 ? {} : { authors: document.authors }),
      ...(nextOffset === null ? {} : { next_offset: nextOffset }),
    },
  }
}

async function askLibrary(
  input: z.output<typeof askInput>,
  deps: Served,
  call: ServerContext,
): Promise<CallToolResult> {
  // Nothing marks a doubtful sentence in a chat that we do not draw.
  const question = {
    ...(await toQuestion({ ...input, fresh: false, resumable: false }, deps)),
    withholds: true,
    owner: deps.owner,
  }
  const { events } = await ask(question, deps.live, call.mcpReq.signal)
  const { answer } = await finished(events, progressOf(call))
  return {
    structuredContent: toWire(answer) as Record<string, unknown>,
    content: [{ type: 'text', text: toMarkdown(answer, deps.origin) }],
  }
}

/** A client that asked for it hears how far the answer is. */
function progressOf({ mcpReq }: ServerContext): (event: AnswerEvent) => void {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return () => {}
  let progress = 0
  let characters = 0
  return (event) => {
    if (event.type !== 'passages' && event.type !== 'text') return
    if (event.type === 'text') characters += event.delta.length
    const message =
      event.type === 'text' ? `${characters} characters written` : `${event.passages.length} passages found`
    // Progress that cannot be told, because its reader has left, is no fault of the answer.
    void mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken, progress: ++progress, message } })
      .catch(() => {})
  }
}
