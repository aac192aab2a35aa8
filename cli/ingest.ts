// npm run ingest: learns files, folders and sources through whoever holds the store, with a progress bar; says what it would do;
// takes back what it did.
import { AppError, InputError } from '../core/errors.ts'
import type { SyncPlan } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import { showIngest } from '../ingest/progress.ts'
import type { CommandOptions } from './connect.ts'
import { planText } from './plan.ts'
import { describeProblem } from './print.ts'
import { cutOff, partsOf } from './stream.ts'
import type { Targets } from './targets.ts'

const CUT = 'The connection to the server was cut before the end; run the same command again: what was learned is kept.'

export async function ingestTargets(targets: Targets, options: CommandOptions, allowDeletes: boolean): Promise<number> {
  return await follow(await post('/v1/ingest', { ...targets, allow_deletes: allowDeletes }, options), options)
}

export async function planTargets(targets: Targets, options: CommandOptions): Promise<number> {
  const response = await post('/v1/ingest/plan', targets, options)
  const plan = (await response.json()) as SyncPlan
  process.stdout.write(options.json ? `${JSON.stringify(plan, null, 2)}\n` : `${planText(plan)}\n`)
  return plan.failed.count > 0 || plan.refused !== null ? 1 : 0
}

export async function undoSync(id: string, options: CommandOptions): Promise<number> {
  const response = await post(`/v1/syncs/${encodeURIComponent(id)}/undo`, {}, options)
  const code = await follow(response, options)
  if (!options.json) process.stderr.write('Undone. What its files say is learned again by the next sync of them.\n')
  return code
}

async function post(path: string, body: object, { connection, signal }: CommandOptions): Promise<Response> {
  const response = await connection.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${connection.token}` },
    body: JSON.stringify(body),
    signal,
  })
  if (!response.ok) throw await describeProblem(response)
  return response
}

async function follow({ body }: Response, { json, signal }: CommandOptions): Promise<number> {
  if (!body) throw cutOff(CUT)
  const interactive = process.stderr.isTTY && !json
  const report = await showIngest(events(body, signal), { stream: process.stderr, interactive })
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  return report.failed + report.kept > 0 ? 1 : 0
}

type Line = IngestEvent | { readonly type: 'error'; readonly code: string; readonly message: string }

// Faults of the command, not of the server.
const ofCommand = new Set(['too-many-removals', 'cannot-undo', 'unknown-source', 'bad-configuration'])

/** Aborting closes the stream, and that is how the server knows that nobody wants the rest to be learned. */
async function* events(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<IngestEvent> {
  let pending = ''
  const text = body.pipeThrough<string>(new TextDecoderStream(), { signal })
  let isWhole = false
  for await (const part of partsOf(text, CUT, signal)) {
    const lines = (pending + part).split('\n')
    pending = lines.pop() ?? ''
    for (const text of lines) {
      const line = JSON.parse(text) as Line
      if (line.type === 'error')
        throw ofCommand.has(line.code) ? new InputError(line.code, line.message) : new AppError(line.code, line.message)
      isWhole ||= line.type === 'finished'
      yield line
    }
  }
  if (!isWhole) throw cutOff(CUT)
}
