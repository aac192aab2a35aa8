// One way to talk to a database, real or embedded: parameters in, rows out, transactions that always end.
import pg from 'pg'
import { StoreError } from '../core/errors.ts'

export type Query = <Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>

export type Database = {
  readonly query: Query
  /**
   * Commits when `work` returns, rolls back when it throws. Use only the query it is given inside. `timeoutMs` is how
   * long each of its statements is waited for, when that is not what the database was opened with.
   */
  readonly transaction: <Result>(work: (query: Query) => Promise<Result>, timeoutMs?: number) => Promise<Result>
  /** whether there is one connection only: while a transaction is under way, everyone else waits */
  readonly isSingle: boolean
  readonly close: () => Promise<void>
}

/** A pool as a Database. `onClose` runs after the last connection is gone. */
export function toDatabase(pool: pg.Pool, onClose: () => Promise<void> = async () => {}): Database {
  // A broken connection is replaced by the pool; without a listener it would end the process. The pool listens on
  // idle connections only: one that breaks between two statements of a transaction is ours to hear.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  let closed: Promise<void> | undefined
  return {
    query: async (sql, parameters) => await run(pool, sql, parameters),
    transaction: async (work, timeoutMs) => {
      const client = await pool.connect().catch((error: unknown) => {
        throw toStoreError(error)
      })
      let broken = false
      try {
        await run(client, 'begin')
        const result = await work(async (sql, parameters) => await run(client, sql, parameters, timeoutMs))
        await run(client, 'commit')
        return result
      } catch (error) {
        await client.query('rollback').catch(() => (broken = true))
        throw error
      } finally {
        client.release(broken)
      }
    },
    isSingle: pool.options.max === 1,
    close: async () => await (closed ??= pool.end().then(onClose)),
  }
}

/** JSON that jsonb takes: what it cannot hold becomes U+FFFD, which has the same length, so every offset stays right. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'string' ? each.toWellFormed().replaceAll('\0', '\ufffd') : each,
  )
}

async function run<Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  sql: string,
  parameters?: readonly unknown[],
  timeoutMs?: number,
): Promise<Row[]> {
  try {
    const answer = await on.query<Row>({
      text: sql,
      // Without parameters the simple protocol is used, which takes several statements at once (migrations).
      ...(parameters && { values: [...parameters] }),
      ...(timeoutMs !== undefined && { query_timeout: timeoutMs }),
    })
    return answer.rows
  } catch (error) {
    throw toStoreError(error)
  }
}

// 57014 statement timeout, 55P03 lock timeout, 40xxx deadlock, 53xxx out of connections, memory or disk;
// 57Pxx shutting down, 25P03 idle too long in a transaction, 08xxx connection.
const busy = /^(57014|55P03|40|53)/
const gone = /^(57P|25P03|08)/

function toStoreError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (busy.test(code))
    return new StoreError('store-busy', `The database gave up on a statement (${code}).`, {
      cause: error,
      retryable: true,
    })
  if (gone.test(code) || !(error instanceof pg.DatabaseError))
    return new StoreError('store-unavailable', `The database cannot be reached (${code || error.message}).`, {
      cause: error,
      retryable: true,
    })
  return new StoreError('store-failed', `The database refused a statement (${code}): ${error.message}`, {
    cause: error,
  })
}
