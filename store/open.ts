// The store as the rest of the program knows it: ports over one migrated database and one embedding space.
import type { Store } from '../core/ports.ts'
import { answerStore } from './answers.ts'
import { auditStore } from './audit.ts'
import { conversationStore } from './conversations.ts'
import type { Database } from './database.ts'
import { documentStore } from './documents.ts'
import { inboxStore } from './inbox.ts'
import { keyStore } from './keys.ts'
import { migrate } from './migrate.ts'
import { originStore } from './origins.ts'
import { replyStore } from './replies.ts'
import { reportStore } from './reports.ts'
import { searchStore } from './search.ts'
import { sessionStore } from './sessions.ts'
import { openSpace } from './spaces.ts'
import { spendingStore } from './spending.ts'
import { syncStore } from './syncs.ts'

/** Migrates the database and makes the library when it is new. Throws StoreError. */
export async function openStore(
  database: Database,
  library: string,
  embedder: { readonly space: string; readonly dimensions: number },
): Promise<Store> {
  await migrate(database)
  const space = await openSpace(database, library, embedder)
  return {
    documents: documentStore(database, space),
    search: searchStore(database, space),
    answers: answerStore(database),
    conversations: conversationStore(database),
    replies: replyStore(database),
    spending: spendingStore(database),
    reports: reportStore(database),
    inbox: inboxStore(database),
    syncs: syncStore(database),
    origins: originStore(database),
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
