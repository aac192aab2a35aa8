// POST /v1/ingest: lets the command line of the same user learn files through a running server, which alone may
// touch the embedded store. The token is in the data directory, readable by that user only.
import { Hono } from 'hono'
import { AppError } from '../../core/errors.ts'
import type { Ingesting } from '../../core/ports.ts'
import type { IngestEvent } from '../../core/types.ts'
import { readBody } from './body.ts'
import { ingestBody } from './schemas.ts'
import { requireToken } from './token.ts'

// Names of files only: as many as a command line can hold.
const LIMIT_BYTES = 4 * 1024 * 1024

export type IngestRouteDeps = {
  readonly ingesting: Ingesting
  readonly token: string
  readonly report: (message: string, error: unknown) => void
}

/** One event as a line of JSON each, so that any program can follow: `found`, one per source, then `finished` or `error`. */
export function ingestRoutes(deps: IngestRouteDeps): Hono {
  return new Hono().post('/v1/ingest', async (c) => {
    requireToken(c, deps.token, 'ingesting')
    const { paths } = await readBody(c, ingestBody, LIMIT_BYTES)
    const leaving = new AbortController()
    const iterator = lines(deps, paths, leaving.signal)
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const step = await iterator.next()
        if (step.done) controller.close()
        else controller.enqueue(new TextEncoder().encode(step.value))
      },
      cancel: async () => {
        leaving.abort()
        await iterator.return(undefined)
      },
    })
    return new Response(body, { headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' } })
  })
}

type IngestLine = IngestEvent | { readonly type: 'error'; readonly code: string; readonly message: string }

async function* lines(deps: IngestRouteDeps, paths: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const event of deps.ingesting(paths, signal)) yield `${JSON.stringify(event)}\n`
  } catch (error) {
    if (signal.aborted) return
    deps.report('ingest failed', error)
    const known = error instanceof AppError
    const line: IngestLine = {
      type: 'error',
      code: known ? error.code : 'internal',
      message: known ? error.message : 'The ingest failed; the log of the server has the details.',
    }
    yield `${JSON.stringify(line)}\n`
  }
}
