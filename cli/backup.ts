// npm run backup: the whole library in one file, also while servers answer and learn.
import { existsSync, statSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Presets, SingleBar } from 'cli-progress'
import type { Config } from '../core/config.ts'
import { InputError, StoreError } from '../core/errors.ts'
import { backUp, type Progress } from '../store/backup.ts'
import type { Heading } from '../store/backup-file.ts'
import type { Database } from '../store/database.ts'
import { holdsDatabase, openEmbedded } from '../store/embedded.ts'
import { readOwner } from '../store/lock.ts'
import { openPostgres } from '../store/postgres.ts'
import { overNetwork } from './connect.ts'
import { describeProblem } from './print.ts'
import { count, megabytes } from './status.ts'

export type BackupOptions = { readonly json: boolean; readonly signal: AbortSignal }

export async function backup(path: string, config: Config, { json, signal }: BackupOptions): Promise<number> {
  refuseFolder(path)
  const began = performance.now()
  const source = await openSource(config)
  const bar = openBar(!json && process.stderr.isTTY)
  try {
    const { heading, bytes } = await backUp(source, path, await version(), bar.progress, signal)
    const seconds = (performance.now() - began) / 1000
    const keys = rowsOf(heading, 'api_keys')
    bar.stop()
    process.stdout.write(
      json
        ? asJson({ file: path, bytes, seconds, ...heading })
        : `${told(path, bytes, heading)} in ${time(seconds)}.\n`,
    )
    if (!json && keys > 0) process.stderr.write(`${secretNote(config)}\n`)
    return 0
  } finally {
    bar.stop()
    await source.close()
  }
}

function told(path: string, bytes: number, heading: Heading): string {
  const { tables } = heading
  const rows = tables.reduce((sum, each) => sum + each.rows, 0)
  return `${path}: ${nouns(heading)}; ${count(rows, 'row')} of ${count(tables.length, 'table')}, ${size(bytes)}`
}

/** What people call it. */
export function nouns(heading: Heading): string {
  const keys = rowsOf(heading, 'api_keys')
  const parts = [
    counted(heading, 'documents', 'document', 'removed'),
    counted(heading, 'answers', 'answer', 'not ended'),
    count(rowsOf(heading, 'conversations'), 'conversation'),
  ]
  return [...parts, ...(keys > 0 ? [count(keys, 'key')] : [])].join(', ')
}

/** As status counts them, and what it leaves out. */
function counted(heading: Heading, table: string, noun: string, left: string): string {
  const aside = heading.tables.find(({ name }) => name === table)?.aside ?? 0
  const shown = count(rowsOf(heading, table) - aside, noun)
  return aside === 0 ? shown : `${shown} (and ${aside.toLocaleString('en')} ${left})`
}

function size(bytes: number): string {
  return bytes < 10e6 ? `${Math.ceil(bytes / 1e3).toLocaleString('en')} kB` : megabytes(bytes)
}

function rowsOf({ tables }: Heading, name: string): number {
  return tables.find((table) => table.name === name)?.rows ?? 0
}

function secretNote({ databaseUrl, dataDir }: Config): string {
  const where = databaseUrl ? 'KEY_SECRET' : `KEY_SECRET, or else ${dataDir.replace(/\/*$/, '/')}key-secret`
  return `Its keys open nothing without the secret that they were made with, which is not in it: keep that, too (${where}).`
}

function refuseFolder(path: string): void {
  if (!existsSync(dirname(path))) throw new InputError('unwritable', `There is no folder ${dirname(path)}.`)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError('unwritable', `${path} is a folder: name a file in it.`)
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** The database itself, or, where a server holds the embedded one, a copy that this server makes of it. */
async function openSource(config: Config): Promise<Pick<Database, 'owner' | 'close'>> {
  const { databaseUrl, dataDir } = config
  if (databaseUrl) return openPostgres(databaseUrl, 1)
  if (!holdsDatabase(dataDir)) throw new InputError('no-library', `There is no library in ${dataDir} yet (DATA_DIR).`)
  try {
    return await openEmbedded(dataDir, warn)
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'store-locked')) throw error
    const { request } = overNetwork(readOwner(dataDir), error)
    const response = await request('/backup', { method: 'POST' })
    if (!response.ok) throw await describeProblem(response)
    const { folder } = (await response.json()) as { folder: string }
    const copied = await openEmbedded(folder, warn, null)
    const close = async () => {
      await copied.close()
      await rm(folder, { recursive: true, force: true })
    }
    return { ...copied, close }
  }
}

export function warn(message: string): void {
  process.stderr.write(`${message}\n`)
}

export function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

export function time(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`
}

/** Appears with the first rows, and only for who can see it. */
export function openBar(isShown: boolean): { readonly progress: Progress; readonly stop: () => void } {
  const format = '  {bar} {value}/{total} rows · {eta_formatted} left'
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  )
  let isBegun = false
  return {
    progress: (done, total) => {
      if (!isShown) return
      if (!isBegun) bar.start(total, done)
      isBegun = true
      bar.update(done)
    },
    stop: () => {
      if (isBegun) bar.stop()
      isBegun = false
    },
  }
}
