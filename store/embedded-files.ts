// The folders of the embedded database: copies that are on the disk, and the empty one that every other begins as.
import { execFile } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A copy of `template`. Where there is none, or none that this user may read, one is made, and kept there if it can be. */
export async function makeEmpty(folder: string, template: string): Promise<void> {
  if (existsSync(join(template, 'PG_VERSION')) && isCopied(template, folder)) return
  const maker = fileURLToPath(new URL('./embedded-make.ts', import.meta.url))
  await promisify(execFile)(process.execPath, ['--liftoff-only', maker, folder])
  const copying = `${template}.${process.pid}`
  try {
    copyToDisk(folder, copying)
    renameSync(copying, template)
  } catch {
    // Somebody else was first, or nothing can be written there: then the next one is made anew.
    rmSync(copying, { recursive: true, force: true })
  }
}

/** Postgres keeps its files from other users: a template that one of them made cannot be read. */
function isCopied(template: string, folder: string): boolean {
  try {
    copy(template, folder)
    return true
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return false
  }
}

/** All of it is on the disk when this returns: a copy that a power cut leaves must not open by half. */
export function copyToDisk(folder: string, to: string): void {
  copy(folder, to)
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) flush(join(to, name))
  flush(to)
}

export function copy(folder: string, to: string): void {
  // With a filter a pipe is refused; without one Node waits for its other end for ever.
  cpSync(folder, to, { recursive: true, filter: () => true })
}

export function flush(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

// Postgres writes its log in pieces of 16 MB. One that it cannot write whole ends it, in the middle of what it does: two of
// them, and as much again for answers and for what another program writes meanwhile.
export const LEAST_ROOM_BYTES = 64 * 1024 * 1024

/** What is left on the disk of a folder. */
export function roomIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
