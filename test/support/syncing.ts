// Syncs of a folder into a database, and what became of it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../../core/ports.ts'
import type { SyncRequest, Syncing } from '../../core/syncs.ts'
import type { IngestEvent, IngestReport } from '../../core/types.ts'
import { openSyncs, type SyncsDeps } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openStore } from '../../store/open.ts'
import { temporaryFolder, type TestDatabase } from './database.ts'
import { never } from './store-documents.ts'

export type TestSyncs = {
  readonly store: Store
  readonly syncing: Syncing
  /** Learns these paths to the end, by hand. */
  readonly learn: (paths: readonly string[], more?: Partial<SyncRequest>) => Promise<Learned>
  /** names of the files of all documents, sorted */
  readonly names: () => Promise<string[]>
}

export type Learned = { readonly id: string; readonly events: IngestEvent[]; readonly report: IngestReport }

export async function openTestSyncs(database: TestDatabase, more: Partial<SyncsDeps> = {}): Promise<TestSyncs> {
  const embedder = fakeEmbedder()
  const store = await openStore(database, 'main', embedder)
  const syncing = openSyncs({ ...store, embedder, library: 'main', silentMs: 0, ...more })
  return {
    store,
    syncing,
    learn: async (paths, more = {}) =>
      ended(await Array.fromAsync(syncing.run({ trigger: 'command', paths, ...more }, never))),
    names: async () => (await store.documents.list('main', 200)).map(({ source }) => nameOf(source)).sort(),
  }
}

/** The id and the report of a sync that has ended. */
export function ended(events: IngestEvent[]): Learned {
  const [began, last] = [events[0], events.at(-1)]
  if (began?.type !== 'began' || last?.type !== 'finished') throw new Error('The sync did not come to its end.')
  return { id: began.sync, events, report: last.report }
}

export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(await temporaryFolder(), 'library')
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

export function article(title: string, words = 'Some words.'): string {
  return `# ${title}\n\nWhat ${title} says. ${words}`
}

/** So many articles: a1.md, a2.md … */
export function articles(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n + 1}.md`, article(`Article${n + 1}`)]))
}

export function nameOf(source: string): string {
  return source.split('/').at(-1) ?? source
}
