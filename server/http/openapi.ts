// What the routes take and give, as OpenAPI 3.1, made of the shapes that they use themselves.
import { z } from 'zod'
import { answerOperations } from './openapi-answers.ts'
import { askOperations } from './openapi-ask.ts'
import { chatOperations } from './openapi-chat.ts'
import { conversationOperations } from './openapi-conversations.ts'
import { keyOperations } from './openapi-keys.ts'
import { libraryOperations } from './openapi-library.ts'
import { inputs, outputs } from './openapi-names.ts'
import { reembedOperations } from './openapi-reembed.ts'
import { syncOperations } from './openapi-syncs.ts'
import { uploadOperations } from './openapi-uploads.ts'
import { serverOperations } from './openapi-server.ts'
import { toOpenApi } from './openapi-write.ts'

const VERSION = '0.1.0'

const DESCRIPTION = `Answers questions from a library of documents; every sentence carries a footnote to the exact words that back it.

Offsets are UTF-16 code units, as JavaScript counts. A span is [start, end) of the text of one revision of a document, which GET /v1/documents/{id}?revision= returns, and text.slice(start, end) is the quote.

Faults are application/problem+json with a stable code and a sentence that says what to do; those of /v1/chat/completions and /v1/models have the shape of the OpenAI API, those of /api/chat are the sentence alone. Any address can give unknown-path (404), wrong-method (405), bad-path (400: the address holds a NUL), wrong-host (403: a server that is for its own machine only was reached under another name) and internal (500: its log has the details under the request_id). A server that others than its own machine reach wants a key (Authorization: Bearer fn_…, x-api-key, or the cookie of a session) and can refuse with no-key, malformed-key, invalid-key, session-over, revoked (401), two-credentials (400) and wrong-scope (403); somebody else's answer or conversation is a 404. A stream whose right ends has error with the code revoked as its last event. A key that asks too often or too much at once gets rate-limited or too-many-at-once (429), and a server with more to do than it can refuses with overloaded (503) what is least important, all of it what says Priority: u=7 first; both say in Retry-After when to come back. Every reply has an x-request-id. A page of another site can ask only from an origin in WIDGET_ORIGINS, and only what the widget asks.

Not described here: POST /mcp, which speaks the Model Context Protocol and describes itself; what Slack sends to /slack/events, /slack/commands and /slack/interactions; the pages, /documents/{id} among them.`

export function openApiDocument(): object {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Footnote',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Answers', description: 'Questions, and their answers read again.' },
      { name: 'Library', description: 'What the answers are made from.' },
      { name: 'Chats', description: 'The same answers for the clients of others.' },
      { name: 'Server', description: 'Is it there, and how does it speak?' },
    ],
    paths: toOpenApi([
      ...askOperations,
      ...answerOperations,
      ...conversationOperations,
      ...libraryOperations,
      ...uploadOperations,
      ...syncOperations,
      ...reembedOperations,
      ...serverOperations,
      ...keyOperations,
      ...chatOperations,
    ]),
    components: {
      schemas: { ...componentsOf(inputs, 'input'), ...componentsOf(outputs, 'output') },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'The token in the data directory, which the command line of the same user reads; or a key with the scope ingest or admin.',
        },
      },
    },
  }
}

/** Shapes by name as JSON Schema, each once: where one holds another that has a name, it refers to it. */
function componentsOf(names: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, object> {
  const registry = z.registry<{ id: string }>()
  for (const [id, shape] of Object.entries(names)) registry.add(shape, { id })
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}`, override: sayDefault })
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]))
}

/** What they call themselves is said by their place in the document. */
function bare(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema' && name !== '$id'))
}

/** In words: generators of clients take a field that has a default for one that is always there, also in a request. */
function sayDefault({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.default === undefined) return
  const rest = `${JSON.stringify(jsonSchema.default)} when left out`
  jsonSchema.description = jsonSchema.description === undefined ? rest : `${jsonSchema.description}; ${rest}`
  delete jsonSchema.default
}
