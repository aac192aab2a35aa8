// npm run ingest: learns files, folders and sources through whoever holds the store, with a progress bar; says what it would do;
// takes back what it did, and ends what runs.
import { setTimeout as wait } from 'node:timers/promises'
import { AppError, InputError } from '../core/errors.ts'
import type { Sync, SyncPlan } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import { showIngest, summary } from '../ingest/progress.ts'
import type { Wire } from '../server/http/wire.ts'
import { type CommandOptions, get } from './connect.ts'
import { minute } from './layout.ts'
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
  let began = ''
  const code = await follow(response, options, (sync) => (began = sync))
  if (options.json) return code
  // The sync that undoes has the one that it undid as its root.
  const { roots } = await syncOf(began, options)
  const undone = await syncOf(roots[0] ?? '', options)
  process.stderr.write(`Undone: ${named(undone)}. What its files say is learned again by the next sync of them.\n`)
  return code
}

/** In whichever process it runs; null: the only one that runs. Throws InputError where none does, or several. */
export async function cancelSync(id: string | null, options: CommandOptions): Promise<number> {
  const sync = id === null ? await theRunning(options) : await syncOf(id, options)
  const response = await post(`/v1/syncs/${encodeURIComponent(sync.id)}/cancel`, {}, options)
  const said = (await response.json()) as { readonly id: string; readonly cancelled: boolean }
  if (options.json) process.stdout.write(`${JSON.stringify(said, null, 2)}\n`)
  else if (said.cancelled) process.stderr.write(`Cancelled: ${named(sync)}. What it has learned stays.\n`)
  else process.stderr.write(`Not cancelled: ${named(sync)} had ended before.\n`)
  return said.cancelled ? 0 : 1
}

async function theRunning({ connection, signal }: CommandOptions): Promise<WireSync> {
  const { syncs } = await get<{ readonly syncs: readonly WireSync[] }>(connection, '/v1/syncs?limit=100', signal)
  const running = syncs.filter(({ state }) => state === 'running')
  const [only] = running
  if (!only) throw new InputError('nothing-to-cancel', 'No sync runs: nothing was cancelled.')
  if (running.length === 1) return only
  const lines = running.map((sync) => `  ${named(sync)}: ${sync.roots.join(', ')}`)
  throw new InputError(
    'nothing-to-cancel',
    `${running.length} syncs run: nothing was cancelled. Name one: npm run ingest -- cancel <sync>\n${lines.join('\n')}`,
  )
}

type WireSync = Wire<Sync>

async function syncOf(id: string, { connection, signal }: CommandOptions): Promise<WireSync> {
  return await get<WireSync>(connection, `/v1/syncs/${encodeURIComponent(id)}`, signal)
}

function named({ id, trigger, began_at: at }: WireSync): string {
  return `${id} (${trigger}, ${minute(at)})`
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

/** `hear` is told the id of the sync as it begins. */
async function follow(
  { body }: Response,
  options: CommandOptions,
  hear: (sync: string) => void = () => {},
): Promise<number> {
  if (!body) throw cutOff(CUT)
  const { json, signal } = options
  let began = ''
  const heard = (sync: string) => {
    began = sync
    hear(sync)
  }
  const usdSoFar = async () => (await syncOf(began, options)).report.usd
  const sink = { stream: process.stderr, interactive: process.stderr.isTTY && !json, usdSoFar }
  const report = await showIngest(events(body, heard, signal), sink).catch(async (error: unknown) => {
    if (began !== '') await tellEnd(began, options)
    throw error
  })
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  return report.failed + report.kept > 0 ? 1 : 0
}

// A process that dies with the connection tells nothing any more; one that lives ends its sync within moments.
const ENDING_MS = 5_000

/** What one that was cut short has done, in the words of the store: what was saved as it ended was told to nobody. */
async function tellEnd(id: string, { json, connection }: CommandOptions): Promise<void> {
  const patience = AbortSignal.timeout(ENDING_MS)
  const asking = { json: false, connection, signal: patience }
  try {
    let sync = await syncOf(id, asking)
    while (sync.state === 'running') {
      await wait(LOOK_MS, undefined, { signal: patience })
      sync = await syncOf(id, asking)
    }
    process.stderr.write(`${summary(sync.report, sync)}\n`)
    if (json) process.stdout.write(`${JSON.stringify({ ...sync.report, fault: sync.fault }, null, 2)}\n`)
  } catch {
    // Whoever could say it is gone: GET /v1/syncs says it when the server is back.
  }
}

const LOOK_MS = 100

type Line = IngestEvent | { readonly type: 'error'; readonly code: string; readonly message: string }

// Faults of the command, not of the server. The guard of removals is none: a folder's ends as that of a source does.
const ofCommand = new Set(['cannot-undo', 'unknown-source', 'bad-configuration'])

/** Aborting closes the stream, and that is how the server knows that nobody wants the rest to be learned. */
async function* events(
  body: ReadableStream<Uint8Array>,
  hear: (sync: string) => void,
  signal: AbortSignal,
): AsyncGenerator<IngestEvent> {
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
      if (line.type === 'began') hear(line.sync)
      isWhole ||= line.type === 'finished'
      yield line
    }
  }
  if (!isWhole) throw cutOff(CUT)
}
