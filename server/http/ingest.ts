// POST /v1/ingest: lets the command line of the same user learn files through a running server, which alone may
// touch the embedded store. The token is in the data directory, readable by that user only.
import { Hono } from 'hono'
import { AppError, ConfigError, InputError } from '../../core/errors.ts'
import type { Syncing, SyncRequest } from '../../core/syncs.ts'
import { readBody } from './body.ts'
import { ingestBody, planBody } from './schemas.ts'
import { requireToken } from './token.ts'
import { toWire } from './wire.ts'

// Names of files only: as many as a command line can hold.
const LIMIT_BYTES = 4 * 1024 * 1024

export type Report = (message: string, error: unknown) => void

export type IngestRouteDeps = { readonly syncing: Syncing; readonly token: string; readonly report: Report }

/** One event as a line of JSON each, so that any program can follow: `began`, `found`, one per source, then `finished` or `error`. */
export function ingestRoutes({ syncing, token, report }: IngestRouteDeps): Hono {
  return new Hono()
    .post('/v1/ingest', async (c) => {
      requireToken(c, token, 'ingesting')
      const { allow_deletes: allowDeletes, ...asked } = await readBody(c, ingestBody, LIMIT_BYTES)
      const request = { trigger: 'command', ...targetsOf(asked), allowDeletes } as const
      return linesResponse((signal) => syncing.run(request, signal), report)
    })
    .post('/v1/ingest/plan', async (c) => {
      requireToken(c, token, 'ingesting')
      const asked = await readBody(c, planBody, LIMIT_BYTES)
      const plan = syncing.plan(targetsOf(asked), c.req.raw.signal).catch((error: unknown) => {
        // Of sources.yaml, which whoever asks can correct.
        throw error instanceof ConfigError ? new InputError(error.code, error.message, 'sources') : error
      })
      return c.json(toWire(await plan))
    })
}

type Targets = { readonly paths: readonly string[]; readonly sources?: readonly string[] | undefined }

function targetsOf({ paths, sources }: Targets): Pick<SyncRequest, 'paths' | 'sources'> {
  return { paths, ...(sources !== undefined && { sources }) }
}

/** Pulled by the reader; one that leaves has cancelled the sync. */
export function linesResponse(begin: (signal: AbortSignal) => AsyncIterable<object>, report: Report): Response {
  const leaving = new AbortController()
  const iterator = lines(begin(leaving.signal), report, leaving.signal)
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
}

async function* lines(events: AsyncIterable<object>, report: Report, signal: AbortSignal): AsyncGenerator<string> {
  try {
    for await (const event of events) yield `${JSON.stringify(toWire(event))}\n`
  } catch (error) {
    if (signal.aborted) return
    if (!isExpected(error)) report('ingest failed', error)
    yield `${JSON.stringify({ type: 'error', ...faultOf(error) })}\n`
  }
}

/** The caller's fault, also of the file that they have written, or somebody's wish. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof InputError ||
    error instanceof ConfigError ||
    (error instanceof AppError && error.code === 'cancelled')
  )
}

function faultOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AppError) return { code: error.code, message: error.message }
  return { code: 'internal', message: 'The ingest failed; the log of the server has the details.' }
}
