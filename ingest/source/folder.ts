// Files and folders on disk as sources: which files there are, what they are called, and their bytes.
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { SourceError } from '../../core/errors.ts'
import { checkSize } from '../parse/decode.ts'
import { endingOf, kindOf } from '../parse/kind.ts'

/** `source` is its identity: the path below the working directory, else the whole path, always with `/`. */
export type SourceFile = { readonly source: string; readonly path: string }

/** `link`: it leads nowhere, and what lies behind it may only be away; or out of the folder, and that is not of it. */
export type Skipped = { readonly source: string; readonly reason: string; readonly link?: 'lost' | 'out' }

export type Found = {
  readonly files: readonly SourceFile[]
  /** what lies in a given folder and cannot be learned: no fault, but worth a line */
  readonly skipped: readonly Skipped[]
  /** what was asked for and cannot be had */
  readonly faults: readonly SourceError[]
}

/** A file named explicitly is always tried; in folders the known endings are taken. Sorted, each file once. */
export async function findFiles(paths: readonly string[], signal: AbortSignal): Promise<Found> {
  const search: Search = {
    files: new Map(),
    skipped: [],
    faults: [],
    seen: new Set(),
    roots: [],
    folders: [],
    links: [],
  }
  for (const given of paths) await lookAt(path.resolve(given), given, search)
  // Links wait until all real folders are done, so that a file is known by its real name. A folder is
  // entered once, by its real path: a link to a parent ends there.
  for (let next = takeNext(search); next; next = takeNext(search)) {
    signal.throwIfAborted()
    if (next.type === 'folder') await readFolder(next.path, search)
    else await followLink(next.path, search)
  }
  return {
    files: [...search.files.values()].sort(bySource),
    skipped: search.skipped.sort(bySource),
    faults: search.faults,
  }
}

/** Throws SourceError; an abort is passed on as it is. */
export async function readSource(file: SourceFile, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const { size } = await stat(file.path)
    checkSize(file.source, size)
    return await readFile(file.path, { signal })
  } catch (error) {
    if (signal.aborted || error instanceof SourceError) throw error
    throw unreadable(file.source, error)
  }
}

type Search = {
  readonly files: Map<string, SourceFile>
  readonly skipped: Skipped[]
  readonly faults: SourceError[]
  /** real paths of the folders entered and the files taken */
  readonly seen: Set<string>
  /** real paths of what was asked for */
  readonly roots: string[]
  readonly folders: string[]
  readonly links: string[]
}

function takeNext(search: Search): { readonly type: 'folder' | 'link'; readonly path: string } | null {
  const folder = search.folders.pop()
  if (folder !== undefined) return { type: 'folder', path: folder }
  const link = search.links.shift()
  return link === undefined ? null : { type: 'link', path: link }
}

async function lookAt(absolute: string, given: string, search: Search): Promise<void> {
  try {
    const found = await stat(absolute)
    search.roots.push(await realpath(absolute))
    if (found.isDirectory()) search.folders.push(absolute)
    else if (found.isFile()) await take(absolute, search)
    else search.faults.push(new SourceError('unreadable', given, `${given} is neither a file nor a folder: name one`))
  } catch (error) {
    search.faults.push(unreadable(given, error))
  }
}

async function readFolder(folder: string, search: Search): Promise<void> {
  try {
    if (!markSeen(await realpath(folder), search)) return
    const listed = await readdir(folder, { withFileTypes: true })
    for (const entry of listed) {
      const entryPath = path.join(folder, entry.name)
      if (isPrivate(entry.name)) continue
      if (entry.isDirectory()) search.folders.push(entryPath)
      else if (entry.isSymbolicLink()) search.links.push(entryPath)
      else if (entry.isFile()) await takeIfKnown(entryPath, search)
    }
  } catch (error) {
    search.faults.push(unreadable(sourceName(folder), error))
  }
}

/** Whoever may write into a folder must not get a file read that they may not read: only what was asked for is. */
async function followLink(link: string, search: Search): Promise<void> {
  try {
    const real = await realpath(link)
    if (!search.roots.some((root) => isBelow(real, root))) {
      const reason = `a link out of the folder, to ${real}: name that itself, or copy it here`
      search.skipped.push({ source: sourceName(link), reason, link: 'out' })
      return
    }
    const target = await stat(link)
    if (target.isDirectory()) search.folders.push(link)
    else if (target.isFile()) await takeIfKnown(link, search)
  } catch {
    search.skipped.push({ source: sourceName(link), reason: 'a link to nothing', link: 'lost' })
  }
}

async function takeIfKnown(file: string, search: Search): Promise<void> {
  if (kindOf(file) !== null) return take(file, search)
  const ending = endingOf(file)
  const reason = ending === '' ? 'no file ending' : `files that end in ${ending} cannot be read`
  search.skipped.push({ source: sourceName(file), reason })
}

async function take(file: string, search: Search): Promise<void> {
  if (!markSeen(await realpath(file), search)) return
  const source = sourceName(file)
  search.files.set(source, { source, path: file })
}

/** False when it was seen before. */
function markSeen(real: string, search: Search): boolean {
  if (search.seen.has(real)) return false
  search.seen.add(real)
  return true
}

/** Dotfiles and dot-folders belong to tools, and node_modules to others. */
function isPrivate(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules'
}

export function isBelow(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}

/** What a file or folder is called. */
export function sourceName(absolute: string): string {
  const relative = path.relative(process.cwd(), absolute)
  const isInside = relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative)
  return (isInside ? relative : absolute).replaceAll(path.sep, '/')
}

/** By code unit: the same order on every machine, whatever its language. */
function bySource(a: { readonly source: string }, b: { readonly source: string }): number {
  return a.source < b.source ? -1 : a.source > b.source ? 1 : 0
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist: check the path',
  EACCES: 'may not be read: check its permissions',
  EPERM: 'may not be read: check its permissions',
  EISDIR: 'is a folder, not a file: name the file',
  ELOOP: 'is a link that leads back to itself: name the file itself',
}

function unreadable(source: string, error: unknown): SourceError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return new SourceError('unreadable', source, `${source} ${reasons[code] ?? `could not be read (${code})`}`, {
    cause: error,
  })
}
