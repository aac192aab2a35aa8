// The store as the rest of the program knows it: ports over one migrated database.
import type { Embedder, Store } from '../core/ports.ts'
import { answerStore } from './answers.ts'
import { auditStore } from './audit.ts'
import { conversationStore } from './conversations.ts'
import type { Database } from './database.ts'
import { documentStore } from './documents.ts'
import { hostStore } from './hosts.ts'
import { inboxStore } from './inbox.ts'
import { jobStore } from './jobs.ts'
import { keyStore } from './keys.ts'
import { migrate } from './migrate.ts'
import { originStore } from './origins.ts'
import { repeatStore } from './repeats.ts'
import { replyStore } from './replies.ts'
import { reportStore } from './reports.ts'
import { searchStore } from './search.ts'
import { spaceStore } from './fill.ts'
import { filledSpace, openShelf, openSpace } from './spaces.ts'
import { sessionStore } from './sessions.ts'
import { spendingStore } from './spending.ts'
import { syncStore } from './syncs.ts'

/** Migrates the database. In which space a library with chunks is searched; null: whoever opens it decides. */
export async function spaceOf(database: Database, library: string): Promise<string | null> {
  await migrate(database)
  return await filledSpace(database.of(library).query, library)
}

/** Migrates the database and makes the library when it is new. What is opened sees no other one. Throws StoreError. */
export async function openStore(
  whole: Database,
  library: string,
  embedder: Pick<Embedder, 'space' | 'dimensions' | 'inSpace'>,
): Promise<Store> {
  await migrate(whole)
  const database = whole.of(library)
  await openSpace(database, library, embedder)
  const shelf = openShelf(database)
  return {
    documents: documentStore(database, shelf),
    search: searchStore(database, shelf),
    answers: answerStore(database),
    conversations: conversationStore(database),
    replies: replyStore(database),
    repeats: repeatStore(database),
    spending: spendingStore(database),
    reports: reportStore(database),
    inbox: inboxStore(database),
    syncs: syncStore(database),
    jobs: jobStore(database),
    hosts: hostStore(database),
    origins: originStore(database),
    spaces: spaceStore(database),
    connections: database.connections,
    keys: keyStore(database),
    sessions: sessionStore(database),
    audit: auditStore(database),
    ping: async (signal) => {
      signal.throwIfAborted()
      await database.query('select 1')
    },
    close: database.close,
  }
}
