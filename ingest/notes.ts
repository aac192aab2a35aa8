// What a sync tells that changed nothing in the library, and would be forgotten: failures, skipped files, documents that
// were kept although they are gone; and which sources cannot be learned at present.
import { lstat } from 'node:fs/promises'
import path from 'node:path'
import type { DocumentStore } from '../core/ports.ts'
import type { SourceFailure, SyncOutcome, SyncStore } from '../core/syncs.ts'
import type { IngestEvent } from '../core/types.ts'
import { originOf, originRoot } from './changes.ts'

type Note = Omit<SyncOutcome, 'document'>

// Written at once: a folder of photographs is skipped whole.
const NOTED_AT_ONCE = 500
// Whoever has more files that cannot be read sees the first of them, and those again that are left.
const MOST_FAILURES = 10_000

export type Notes = {
  readonly add: (event: IngestEvent) => Promise<void>
  readonly flush: () => Promise<void>
  /** At the end: of what was asked for, a source that failed before and does not fail now is fine or gone. */
  readonly settle: (paths: readonly string[]) => Promise<void>
}

export function openNotes(
  library: string,
  sync: string,
  { syncs, documents }: { readonly syncs: SyncStore; readonly documents: Pick<DocumentStore, 'known'> },
): Notes {
  let gathered: Note[] = []
  const failed = new Map<string, SourceFailure & { readonly root: string | null }>()
  let root: string | null = null
  const fine = new Set<string>()
  const flush = async () => {
    const batch = gathered
    gathered = []
    if (batch.length > 0) await syncs.note(library, sync, batch)
  }
  return {
    flush,
    add: async (event) => {
      gathered.push(...notesOf(event))
      if (event.type === 'reading') root = originRoot(event.name)
      if (event.type === 'failed') failed.set(event.source, { ...event, root })
      else if ('source' in event) fine.add(event.source)
      if (gathered.length >= NOTED_AT_ONCE) await flush()
    },
    settle: async (paths) => {
      await flush()
      const files = paths.filter((each) => originOf(each) === null)
      for (const stray of await strays([...failed.values()], files, async () => await documents.known(library)))
        failed.delete(stray)
      const before = (await syncs.failures(library, MOST_FAILURES)).map(({ source }) => source)
      const over = before.filter((source) => !failed.has(source) && (fine.has(source) || isWithin(source, files)))
      const read = paths.filter((each) => originOf(each) !== null)
      await syncs.settle(library, [...failed.values()], over, read)
    },
  }
}

function notesOf(event: IngestEvent): Note[] {
  if (event.type === 'failed')
    return [{ type: 'failed', source: event.source, code: event.code, message: event.message }]
  if (event.type === 'found')
    return event.skipped.map(({ source, reason }) => ({ type: 'skipped', source, code: null, message: reason }))
  if (event.type !== 'kept') return []
  return event.sources.map((source) => ({ type: 'kept', source, code: 'too-many-removals', message: event.message }))
}

/** Paths that were asked for, are not there, and concern no document: misspelt, and nobody's concern when that is told. */
async function strays(
  failed: readonly { readonly source: string; readonly root: string | null }[],
  asked: readonly string[],
  known: () => ReturnType<DocumentStore['known']>,
): Promise<string[]> {
  const named = new Set(asked.map((each) => path.resolve(each)))
  const suspects = failed.filter(({ source, root }) => root === null && named.has(path.resolve(source)))
  const missing: string[] = []
  for (const { source } of suspects) if (await isMissing(source)) missing.push(source)
  if (missing.length === 0) return []
  const sources = [...(await known()).keys()]
  return missing.filter((each) => !sources.some((source) => isWithin(source, [each])))
}

async function isMissing(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT',
  )
}

function isWithin(source: string, paths: readonly string[]): boolean {
  const file = path.resolve(source)
  return paths.some((given) => file === path.resolve(given) || file.startsWith(path.resolve(given) + path.sep))
}
