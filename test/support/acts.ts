// What a library is put through and killed in: a sync of a folder and of pages, an upload, an undo. For the process that
// is killed as well as for the test, so nothing of vitest stands here.
import type { Embedder, Store } from '../../core/ports.ts'
import type { Syncing, Upload } from '../../core/syncs.ts'
import type { IngestEvent } from '../../core/types.ts'
import { openBook } from '../../ingest/book.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import type { Database } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openPostgres } from '../../store/postgres.ts'

export type Act = 'sync' | 'upload' | 'undo'

/** Where the texts are: a folder, a sources.yaml, and the sync that `undo` takes back. */
export type Sources = { readonly folder: string; readonly file: string; readonly undo: string | null }

/** `at`: the URL of a Postgres, or a data directory. */
export async function openAt(at: string): Promise<Database> {
  if (at.startsWith('postgres')) return openPostgres(at, 4)
  return await openEmbedded(at, (message) => {
    throw new Error(message)
  })
}

export function syncsAt(store: Store, embedder: Embedder, { file }: Sources) {
  const deps = () => ({ publicUrl: null, dataDir: `${file}.unused`, environment: {}, input: null })
  const book = openBook({ path: file, isSet: true, deps })
  // Whoever is not heard of is dead at once: waiting for that would take a minute and a half.
  // Somebody charges for vectors: no more are under way than fill a batch of theirs.
  const tokenPrice = { usdPerMillion: 1, isProvided: true }
  const syncing = openSyncs({ ...store, embedder, library: 'main', silentMs: 0, book, tokenPrice })
  return { syncing, close: () => book.close() }
}

export function perform(syncing: Syncing, act: Act, { folder, undo }: Sources): AsyncIterable<IngestEvent> {
  const never = new AbortController().signal
  if (act === 'undo') return syncing.undo(undo, never)
  if (act === 'upload') return syncing.upload(uploads, never)
  return syncing.run({ trigger: 'command', paths: [folder], sources: [] }, never)
}

const sent = (text: string): Upload => ({ name: 'sent.md', bytes: Buffer.from(`# Sent\n\n${text}`), said: {} })
export const firstUpload = sent('It was sent.')
// The second one is kept in two pieces, and most of it is no text.
const uploads: readonly Upload[] = [
  sent('It was sent anew.'),
  {
    name: 'long.md',
    bytes: Buffer.from(`# Long\n\nShort.\n\n<!--${`\n${'x'.repeat(99)}`.repeat(11_000)}-->\n`),
    said: {},
  },
]
