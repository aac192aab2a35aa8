// A real Postgres, by DATABASE_URL.
import pg from 'pg'
import { type Database, toDatabase } from './database.ts'

// Questions must fail in seconds, not hang: nothing a search or a save does takes this long on a healthy server.
const STATEMENT_TIMEOUT_MS = 15_000
// A server that is gone without a word (a cut cable, a firewall that forgets) ends no statement itself.
const ANSWER_TIMEOUT_MS = 20_000
const CONNECT_TIMEOUT_MS = 5_000

export function openPostgres(url: string, maxConnections = 10): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    lock_timeout: STATEMENT_TIMEOUT_MS,
    // Longer than anything of ours computes within a transaction: a process that was paused in one holds up all others.
    idle_in_transaction_session_timeout: 20_000,
    application_name: 'footnote',
  })
  return toDatabase(pool, { prepares: true, isWalled: true })
}
