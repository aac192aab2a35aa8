// POST /mcp: the library as tools and resources of the Model Context Protocol (Streamable HTTP), for assistants that
// look things up. `npm run mcp` speaks the same over stdin and stdout, through here.
import { Hono } from 'hono'
import type { McpDeps } from './mcp-server.ts'

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
      ({ requestInfo: request }) =>
        createMcpServer({ ...deps, origin: deps.publicUrl ?? (request ? new URL(request.url).origin : '') }),
      { maxRequestBodySize: LIMIT_BYTES },
    )
  }
  let opened: ReturnType<typeof open> | null = null
  return new Hono().post('/mcp', async (c) => {
    opened ??= open()
    return await (await opened).fetch(c.req.raw)
  })
}
