// One way to talk to a database, real or embedded: parameters in, rows out, transactions that always end.
import { createHash } from 'node:crypto'
import pg from 'pg'
import { StoreError } from '../core/errors.ts'
import type { Connections } from '../core/reports.ts'
import { guiseSql, roleOf } from './walls.ts'

export type Query = <Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>

export type Database = {
  readonly query: Query
  /**
   * The same, for statements that are asked all the time: a connection to a real Postgres reads and plans each once. There
   * may be few of them, as each connection keeps them all.
   */
  readonly prepared: Query
  /**
   * Commits when `work` returns, rolls back when it throws. Use only the query it is given inside. `timeoutMs` is how
   * long each of its statements is waited for, when that is not what the database was opened with.
   */
  readonly transaction: <Result>(work: (query: Query) => Promise<Result>, timeoutMs?: number) => Promise<Result>
  readonly connections: () => Connections
  /** whether there is one connection only: while a transaction is under way, everyone else waits */
  readonly isSingle: boolean
  /** Throws StoreError `store-full` where little room is left to write in; missing: its own server looks after that. */
  readonly checkRoom?: () => Promise<void>
  /** The same, for the rows of this library: a real Postgres shows no others (store/walls.ts), and without one none at all. */
  readonly of: (library: string) => Database
  /** As whom the address names, on this side of no wall: for the schema alone, and for nothing that a request leads to. */
  readonly owner: Pick<Database, 'query' | 'transaction'>
  readonly close: () => Promise<void>
}

type Pooled = {
  /** its connections are to a server of their own each, which keeps what they prepared */
  readonly prepares?: boolean
  /** it keeps libraries from each other */
  readonly isWalled?: boolean
  /** as of a Database */
  readonly checkRoom?: () => Promise<void>
  /** runs after the last connection is gone */
  readonly onClose?: () => Promise<void>
}

/** A pool as a Database, of no library. */
export function toDatabase(
  pool: pg.Pool,
  { prepares = false, isWalled = false, onClose = async () => {}, checkRoom }: Pooled = {},
): Database {
  // A broken connection is replaced by the pool; without a listener it would end the process. The pool listens on
  // idle connections only: one that breaks between two statements, or in one, is ours to hear.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  let closed: Promise<void> | undefined
  const dress = tailor(isWalled)
  const owner = statementsOf(pool, async (client) => await dress(client, null), false)
  const of = (library: string): Database => ({
    ...statementsOf(pool, async (client) => await dress(client, library), prepares),
    connections: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    isSingle: pool.options.max === 1,
    ...(checkRoom && { checkRoom }),
    of,
    owner,
    close: async () => await (closed ??= pool.end().then(onClose)),
  })
  return of('')
}

type Dress = (client: pg.PoolClient) => Promise<void>

/** `dress` makes each connection see what it should, before it is used. */
function statementsOf(
  pool: pg.Pool,
  dress: Dress,
  prepares: boolean,
): Pick<Database, 'query' | 'prepared' | 'transaction'> {
  const connect = async (): Promise<pg.PoolClient> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw toStoreError(error)
    })
    try {
      await dress(client)
      return client
    } catch (error) {
      client.release(true)
      throw error
    }
  }
  const once = async <Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[], name?: string) => {
    const client = await connect()
    try {
      const rows = await run<Row>(client, sql, parameters, name === undefined ? {} : { name })
      client.release()
      return rows
    } catch (error) {
      // It may still be at work on a statement that nobody waits for any more.
      client.release(true)
      throw error
    }
  }
  return {
    query: once,
    prepared: async (sql, parameters) => await once(sql, parameters, prepares ? nameOf(sql) : undefined),
    transaction: async (work, timeoutMs) => {
      const client = await connect()
      let broken = false
      const timed = timeoutMs === undefined ? {} : { query_timeout: timeoutMs }
      try {
        await run(client, 'begin')
        const result = await work(async (sql, parameters) => await run(client, sql, parameters, timed))
        await run(client, 'commit')
        return result
      } catch (error) {
        await client.query('rollback').catch(() => (broken = true))
        throw error
      } finally {
        client.release(broken)
      }
    },
  }
}

/**
 * What changes for whom connections of a pool work; null: for its owner, as they begin. One statement, and none for a
 * connection that worked for the same last: with one library, one in the life of a connection.
 */
function tailor(isWalled: boolean): (client: pg.PoolClient, library: string | null) => Promise<void> {
  const worn = new WeakMap<pg.PoolClient, string | null>()
  let role: string | undefined
  return async (client, library) => {
    const wears = worn.get(client) ?? null
    if (wears === library) return
    if (isWalled && library !== null) role ??= await roleOf(async (sql) => await run(client, sql))
    await run(client, guiseSql, [library === null || role === undefined ? 'none' : role, library ?? ''])
    worn.set(client, library)
  }
}

const names = new Map<string, string>()

/** Of a prepared statement. Two of one name that differ would be an error. */
function nameOf(sql: string): string {
  const known = names.get(sql)
  if (known !== undefined) return known
  const name = createHash('sha256').update(sql).digest('hex').slice(0, 32)
  names.set(sql, name)
  return name
}

// What jsonb refuses is written as one of these, and a backslash before "u" as two: then it is looked at for nothing.
const mayBeRefused = /\\u(?:0000|d[89a-f])/

/** JSON that jsonb takes: what it cannot hold becomes U+FFFD, which has the same length, so every offset stays right. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value)
  if (!mayBeRefused.test(json)) return json
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'string' ? each.toWellFormed().replaceAll('\0', '\ufffd') : each,
  )
}

async function run<Row extends pg.QueryResultRow>(
  on: pg.Pool | pg.PoolClient,
  sql: string,
  parameters?: readonly unknown[],
  how: { readonly name?: string; readonly query_timeout?: number } = {},
): Promise<Row[]> {
  try {
    const answer = await on.query<Row>({
      text: sql,
      // Without parameters the simple protocol is used, which takes several statements at once (migrations).
      ...(parameters && { values: [...parameters] }),
      ...how,
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

/** What a driver says, as an error of ours; any other error as it is. */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // What it says of a value repeats the value.
  if (code.startsWith('22')) return new StoreError('store-failed', `The database refused a value (${code}).`)
  if (code === '53100')
    return new StoreError('store-full', 'The disk of the database is full.', { cause: error, retryable: true })
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
