// POST /mcp: the library as tools and resources of the Model Context Protocol (Streamable HTTP), for assistants that
// look things up. `npm run mcp` speaks the same over stdin and stdout, through here.
import type { AuthInfo } from '@modelcontextprotocol/server'
import { type Context, Hono } from 'hono'
import { stillWorking } from '../limit/work.ts'
import type { McpDeps } from './mcp-server.ts'
import { ownerOf } from './principal.ts'
import { untilRevoked } from './revocation.ts'

// Questions and a conversation, as for the chat API.
const LIMIT_BYTES = 2 * 1024 * 1024

/** Every request stands alone: there are no sessions to open, to keep or to lose, so GET and DELETE are not offered. */
export function mcpRoutes(deps: McpDeps): Hono {
  const open = async () => {
    // Loaded on first use: the protocol takes 180 ms, and most commands never speak it.
    const [{ createMcpHandler }, { createMcpServer }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('./mcp-server.ts'),
    ])
    return createMcpHandler(
      ({ requestInfo: request, authInfo }) =>
        createMcpServer({
          ...deps,
          origin: deps.publicUrl ?? (request ? new URL(request.url).origin : ''),
          owner: authInfo?.clientId ?? null,
        }),
      { maxRequestBodySize: LIMIT_BYTES },
    )
  }
  let opened: ReturnType<typeof open> | null = null
  return new Hono().post('/mcp', async (c) => {
    opened ??= open()
    const owner = ownerOf(c)
    const authInfo: AuthInfo | null = owner === null ? null : { token: '', clientId: owner, scopes: [] }
    const response = await (await opened).fetch(c.req.raw, authInfo === null ? {} : { authInfo })
    return endedWithItsRight(c, response)
  })
}

/** Its client hears of it as of a connection that was lost: the protocol has no event for it. */
function endedWithItsRight(c: Context, response: Response): Response {
  if (!response.body || !response.headers.get('content-type')?.includes('event-stream')) return response
  const parts: AsyncIterable<Uint8Array> = response.body
  return new Response(ReadableStream.from(weighed(untilRevoked(c, parts, () => {}, null))), response)
}

/** A reply that is a stream may begin before its tool does. */
function weighed(parts: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const release = stillWorking()
  return (async function* () {
    try {
      yield* parts
    } finally {
      release()
    }
  })()
}
