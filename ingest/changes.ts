// What is gone: documents whose files are not in their folder any more. Only where the folder could be listed whole, and
// only within what was asked for: what cannot be seen is not gone.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { KnownDocument } from '../core/ports.ts'
import { type Found, isBelow, sourceName } from './source/folder.ts'

/** A file or folder that was asked for. */
export type Root = {
  /** as documents remember it */
  readonly name: string
  readonly path: string
  /** a folder, and every folder in it was listed */
  readonly isListed: boolean
}

/** What to do about documents that are gone. Too many at once stop the ingest, or are kept where it must go on. */
export type Removals = 'allow' | 'stop' | 'keep'

export type Gone = {
  readonly documents: readonly KnownDocument[]
  /** too many: they stay in the library */
  readonly kept: readonly { readonly sources: readonly string[]; readonly message: string }[]
}

/** The root of all uploads. No file has it: a path has no colon behind its first word. */
export const UPLOADS = 'upload:'

/** Whom each source of sources.yaml is for, by its name; unknown: the file cannot be read. */
export type Owners = ReadonlyMap<string, readonly string[]> | 'unknown'

/** The root of all documents of a source of sources.yaml. */
export function originRoot(name: string): string {
  return `${ORIGIN}${name}`
}

/** The name of the source with this root; null: it is another kind of root. */
export function originOf(root: string): string | null {
  return root.startsWith(ORIGIN) ? root.slice(ORIGIN.length) : null
}

const ORIGIN = 'source:'

// An unmounted disk or a wrong path looks like a folder that was emptied. A few files go every day, whatever the share.
const MOST_GONE = 0.2
const ALWAYS_ALLOWED = 2
const NAMED = 12

export async function rootsOf(paths: readonly string[], { faults }: Found): Promise<Root[]> {
  const asked = [...new Set(paths.map((given) => path.resolve(given)))]
  return await Promise.all(
    asked.map(async (absolute) => {
      const isFolder = await stat(absolute).then(
        (found) => found.isDirectory(),
        () => false,
      )
      const isWhole = !faults.some(({ source }) => isBelow(path.resolve(source), absolute))
      return { name: sourceName(absolute), path: absolute, isListed: isFolder && isWhole }
    }),
  )
}

/** The name of the innermost root that this file was found in. */
export function rootOf(file: string, roots: readonly Root[]): string {
  const around = roots.filter((root) => isBelow(file, root.path))
  return around.reduce((best, root) => (root.path.length > best.path.length ? root : best), around[0] ?? noRoot).name
}

const noRoot: Root = { name: '', path: '', isListed: false }

/** Whether a document, or a source that failed, belongs to what was asked for. */
export function isOf({ source, root }: Pick<KnownDocument, 'source' | 'root'>, asked: Root): boolean {
  return (root === null || isPath(root)) && isPath(source) && isBelow(path.resolve(source), asked.path)
}

export function goneOf(
  roots: readonly Root[],
  { files, skipped }: Found,
  known: ReadonlyMap<string, KnownDocument>,
  removals: Removals,
): Gone {
  const found = new Set(files.map(({ source }) => source))
  // A link that leads nowhere at the moment may be a disk that is not there: what was learned behind it is not gone.
  const unseen = skipped.filter(({ link }) => link !== 'out').map(({ source }) => source)
  const isGone = ({ source }: KnownDocument) =>
    !found.has(source) && !unseen.some((each) => source === each || source.startsWith(`${each}/`))
  const documents = new Map<string, KnownDocument>()
  const kept: Gone['kept'][number][] = []
  for (const root of roots) {
    if (!root.isListed) continue
    const own = [...known.values()].filter((each) => isOf(each, root))
    const judged = judge(root.name, own.filter(isGone), own.length, removals)
    for (const each of judged.documents) documents.set(each.source, each)
    kept.push(...judged.kept)
  }
  return { documents: [...documents.values()], kept }
}

/** The guard: of so many documents of one root these are gone. `name` is what it is asked for by. */
export function judge(name: string, gone: readonly KnownDocument[], of: number, removals: Removals): Gone {
  if (removals === 'allow' || !isTooMany(gone.length, of)) return { documents: gone, kept: [] }
  const sources = gone.map(({ source }) => source).sort()
  const outcome = removals === 'stop' ? 'nothing is learned or removed' : 'none is removed'
  return { documents: [], kept: [{ sources, message: refusal(name, sources, of, outcome) }] }
}

function isTooMany(gone: number, of: number): boolean {
  return gone > ALWAYS_ALLOWED && gone > of * MOST_GONE
}

function refusal(root: string, gone: readonly string[], of: number, outcome: string): string {
  return (
    `${gone.length} of ${of} documents of ${root} are gone from it, more than ${MOST_GONE * 100} %: ${outcome}. ` +
    `Gone: ${namesOf(gone)}. ` +
    `Bring them back, or remove them: npm run ingest -- ${root} --allow-deletes`
  )
}

/** Some of many: "a.md, b.md and 12 more". */
export function namesOf(sources: readonly string[]): string {
  const named = sources.slice(0, NAMED).join(', ')
  return sources.length > NAMED ? `${named} and ${sources.length - NAMED} more` : named
}

/** And no address of anything else, such as `https://…` or UPLOADS. */
function isPath(name: string): boolean {
  return !/^[a-z][a-z0-9+.-]+:/i.test(name)
}
