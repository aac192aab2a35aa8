// One process per embedded data directory. Two would lose data silently: PGlite has no lock of its own.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { ConfigError, StoreError } from '../core/errors.ts'

/** Who holds a data directory. `token` lets other commands of the same user act through a running server. */
const ownerShape = z.object({
  pid: z.number(),
  startedAt: z.string(),
  url: z.string().nullable(),
  token: z.string().nullable(),
})
export type Owner = z.infer<typeof ownerShape>

export type DirectoryLock = {
  /** Tells later comers where the holder can be reached. */
  readonly announce: (owner: Owner) => void
  readonly release: () => void
}

/** Throws ConfigError where a file stands in the way of this folder: only whoever set it can mean another one. */
export function refuseFile(dir: string): void {
  let path = resolve(dir)
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path)
  if (!isFolder(path)) throw new ConfigError([`DATA_DIR: ${path} is no folder: name another, or move it away`])
}

/**
 * Takes the directory or throws StoreError `store-locked` that names the holder, or ConfigError. The lock dies with the
 * process.
 */
export function lockDirectory(dir: string): DirectoryLock {
  refuseFile(dir)
  const file = openLockFile(dir)
  try {
    file.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    file.close()
    if (!isBusy(error)) throw cannotLock(dir, error)
    throw new StoreError('store-locked', describeHolder(dir), { cause: error })
  }
  const announce = (owner: Owner) => writeOwner(dir, owner)
  announce({ pid: process.pid, startedAt: new Date().toISOString(), url: null, token: null })
  return {
    announce,
    release: () => {
      rmSync(join(dir, 'owner.json'), { force: true })
      file.close()
    },
  }
}

// The lock itself is SQLite's: an operating-system lock that a killed process cannot leave behind, so there is no
// stale lock to judge and no pid to mistake. The file stays empty; it is no second database (docs/decisions/0003).
function openLockFile(dir: string): DatabaseSync {
  try {
    makeFolder(dir)
    return new DatabaseSync(join(dir, 'lock'))
  } catch (error) {
    throw cannotLock(dir, error)
  }
}

// Not by `recursive`: in a file system that makes no folders, such as /proc, Node tries again without end.
function makeFolder(dir: string): void {
  if (isFolder(dir)) return
  if (dirname(dir) !== dir) makeFolder(dirname(dir))
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it in the same moment.
    if (!isFolder(dir)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

const SQLITE_BUSY = 5

function cannotLock(dir: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StoreError(
    'store-unavailable',
    `The data directory ${dir} cannot be used (${reason}). Make it a folder that this user may write, or set DATA_DIR to another.`,
    { cause },
  )
}

/** The process that announced itself last, null when none did. It may be gone: only the lock itself is proof. */
export function readOwner(dir: string): Owner | null {
  try {
    const parsed = ownerShape.safeParse(JSON.parse(readFileSync(join(dir, 'owner.json'), 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

function writeOwner(dir: string, owner: Owner): void {
  // Renamed into place: a reader never sees half a file. 0600: the token is for this user only.
  const temporary = join(dir, `owner.json.${process.pid}`)
  writeFileSync(temporary, JSON.stringify(owner), { mode: 0o600 })
  renameSync(temporary, join(dir, 'owner.json'))
}

function describeHolder(dir: string): string {
  const owner = readOwner(dir)
  const who = owner
    ? `process ${owner.pid}${owner.url ? ` (${owner.url})` : ''}, since ${owner.startedAt}`
    : 'another process'
  return `The data directory ${dir} is in use by ${who}. Stop it first, or set DATA_DIR to another folder.`
}
