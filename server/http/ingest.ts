// POST /v1/ingest: lets the command line of the same user learn files through a running server, which alone may
// touch the embedded store. The token is in the data directory, readable by that user only.
import { type Context, Hono } from 'hono'
import { AppError, ConfigError, InputError } from '../../core/errors.ts'
import type { Syncing, SyncRequest } from '../../core/syncs.ts'
import type { Note } from './audit.ts'
import { readBody } from './body.ts'
import { principalOf, requireToken } from './principal.ts'
import { lastLine, untilRevoked } from './revocation.ts'
import { ingestBody, planBody } from './schemas.ts'
import { toWire } from './wire.ts'

// Names of files only: as many as a command line can hold.
const LIMIT_BYTES = 4 * 1024 * 1024

export type Report = (message: string, error: unknown) => void

export type IngestRouteDeps = {
  readonly syncing: Syncing
  readonly token: string
  readonly report: Report
  readonly note: Note
}

/** One event as a line of JSON each, so that any program can follow: `began`, `found`, one per source, then `finished` or `error`. */
export function ingestRoutes({ syncing, token, report, note }: IngestRouteDeps): Hono {
  return new Hono()
    .post('/v1/ingest', async (c) => {
      requireToken(c, token, 'ingesting')
      const { allow_deletes: allowDeletes, ...asked } = await readBody(c, ingestBody, LIMIT_BYTES)
      refuseFiles(c, asked)
      await note(c, 'sync-begun', subjectOf(asked))
      const request = { trigger: 'command', ...targetsOf(asked), allowDeletes } as const
      return linesResponse(c, (signal) => syncing.run(request, signal), report)
    })
    .post('/v1/ingest/plan', async (c) => {
      requireToken(c, token, 'ingesting')
      const asked = await readBody(c, planBody, LIMIT_BYTES)
      refuseFiles(c, asked)
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

/** A key may come from anywhere, and would read any file of this machine. */
function refuseFiles(c: Context, { paths }: Targets): void {
  if (paths.length > 0 && principalOf(c).type !== 'local')
    throw new InputError(
      'not-allowed',
      'paths: files of the machine of the server are for the command line there. Name sources, or send documents by POST /v1/documents.',
      'paths',
    )
}

/** For the audit log: names, and no more of them than a line holds. */
function subjectOf({ paths, sources }: Targets): string {
  return [...paths, ...(sources ?? []).map((name) => `source:${name}`)].join(', ').slice(0, 200) || 'all sources'
}

/** Pulled by the reader; one that leaves has cancelled the sync. */
export function linesResponse(
  c: Context,
  begin: (signal: AbortSignal) => AsyncIterable<object>,
  report: Report,
): Response {
  const leaving = new AbortController()
  const parts = lines(begin(leaving.signal), report, leaving.signal)
  const iterator = untilRevoked(c, parts, () => leaving.abort(), lastLine())[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const step = await iterator.next()
      if (step.done) controller.close()
      else controller.enqueue(new TextEncoder().encode(step.value))
    },
    cancel: async () => {
      leaving.abort()
      await iterator.return?.()
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
