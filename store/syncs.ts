// Syncs and what they did. Rows of what changed the library are written by the transactions that change it.
import type { Sync, SyncChange, SyncEnd, SyncOutcome, SyncStore } from '../core/syncs.ts'
import type { IngestReport } from '../core/types.ts'
import { type Database, type Query, toJson } from './database.ts'

// A server that learns every hour keeps four days of them.
const KEPT_SYNCS = 100

/** The outcomes that change the library: each has its row in the transaction that made it. */
const changing = ['learned', 'changed', 'restored', 'removed'] as const

export function syncStore(database: Database): SyncStore {
  const { query } = database
  return {
    begin: async (library, { id, trigger, roots }) => {
      await query('insert into syncs (library_id, sync_id, trigger, roots, report) values ($1, $2, $3, $4, $5)', [
        library,
        id,
        trigger,
        roots,
        toJson(nothing),
      ])
      await prune(query, library)
    },
    renew: async (library, id, { total, done, reading, report }) => {
      const [row] = await query<{ cancelling: boolean }>(
        `update syncs set alive_at = now(), total = $3, done = $4, report = $5, reading = $6
         where library_id = $1 and sync_id = $2 and state = 'running' returning cancelling`,
        [library, id, total, done, toJson(report), reading],
      )
      return row ? (row.cancelling ? 'to-cancel' : 'running') : 'over'
    },
    cancel: async (library, id) => {
      const rows = await query(
        `update syncs set cancelling = true where library_id = $1 and sync_id = $2 and state = 'running' returning 1`,
        [library, id],
      )
      return rows.length > 0
    },
    end: async (library, id, end) => {
      await database.transaction(async (own) => await endSync(own, library, id, end))
      await dropJobs(query, library)
    },
    closeDead: async (library, running, silentMs) => await closeDead(database, library, running, silentMs),
    markUndone: async (library, id, by) => {
      await query('update syncs set undone_by = $3 where library_id = $1 and sync_id = $2', [library, id, by])
    },
    ...readers(query),
    ...outcomeStore(query),
    ...failureStore(query),
  }
}

function readers(query: Query): Pick<SyncStore, 'find' | 'list'> {
  return {
    find: async (library, id) => {
      const [row] = await query<SyncRow>(`${shownSql} where library_id = $1 and sync_id = $2`, [library, id])
      return row ? toSync(row) : null
    },
    list: async (library, limit, after) => {
      const rows = await query<SyncRow>(
        `${shownSql} where library_id = $1 and ($3::text is null or number <
           (select number from syncs where library_id = $1 and sync_id = $3)) order by number desc limit $2`,
        [library, limit, after ?? null],
      )
      return rows.map(toSync)
    },
  }
}

function outcomeStore(query: Query): Pick<SyncStore, 'note' | 'outcomes' | 'changes'> {
  return {
    note: async (library, id, outcomes) => await note(query, library, id, outcomes),
    outcomes: async (library, id, limit) =>
      await query<SyncOutcome>(
        `select type, source, document_id as document, code, message from sync_outcomes
         where library_id = $1 and sync_id = $2 order by seq limit $3`,
        [library, id, limit],
      ),
    changes: async (library, id) =>
      await query<SyncChange>(
        `select type, source, document_id as document, before, after, coalesce(audience, '{}') as audience
         from sync_outcomes where library_id = $1 and sync_id = $2 and type = any($3) order by seq`,
        [library, id, changing],
      ),
  }
}

/** Sources that cannot be learned at present, whichever sync it was that found out. */
function failureStore(query: Query): Pick<SyncStore, 'failures' | 'settle'> {
  return {
    failures: async (library, limit) =>
      await query('select source, code, message from failures where library_id = $1 order by source limit $2', [
        library,
        limit,
      ]),
    settle: async (library, failed, fine, roots = []) => {
      const names = failed.map(({ source }) => source)
      await query(
        'delete from failures where library_id = $1 and (source = any($2) or root = any($3)) and source <> all($4)',
        [library, fine, roots, names],
      )
      if (failed.length > 0)
        await query(
          `insert into failures (library_id, source, code, message, root)
           select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[])
           on conflict (library_id, source) do update set
             code = excluded.code, message = excluded.message, root = excluded.root`,
          [
            library,
            names,
            failed.map(({ code }) => code),
            failed.map(messageOf),
            failed.map(({ root }) => root ?? null),
          ],
        )
    },
  }
}

/** Within the transaction that makes the changes: there is no change that its sync does not know of. */
export async function noteChanges(
  query: Query,
  library: string,
  sync: string,
  changes: readonly SyncChange[],
): Promise<void> {
  await query(
    `insert into sync_outcomes (library_id, sync_id, type, source, document_id, before, after, audience)
     select $1, $2, case when c.type <> 'removed' and exists (
         select from syncs where library_id = $1 and sync_id = $2 and trigger = 'undo') then 'restored' else c.type end,
       c.source, c.document, c.before, c.after, array(select jsonb_array_elements_text(c.audience))
     from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[])
       as c(type, source, document, before, after, audience)`,
    [
      library,
      sync,
      changes.map(({ type }) => type),
      changes.map(({ source }) => source),
      changes.map(({ document }) => document),
      changes.map(({ before }) => before),
      changes.map(({ after }) => after),
      changes.map(({ audience }) => toJson(audience)),
    ],
  )
}

async function note(
  query: Query,
  library: string,
  id: string,
  outcomes: readonly Omit<SyncOutcome, 'document'>[],
): Promise<void> {
  await query(
    `insert into sync_outcomes (library_id, sync_id, type, source, code, message)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[])`,
    [
      library,
      id,
      outcomes.map(({ type }) => type),
      outcomes.map(({ source }) => storable(source)),
      outcomes.map(({ code }) => code),
      outcomes.map(messageOf),
    ],
  )
}

async function endSync(
  query: Query,
  library: string,
  id: string,
  { state, total, done, report, fault }: SyncEnd,
): Promise<void> {
  const ended = await query(
    `update syncs set state = $3, ended_at = now(), reading = null, total = $4, done = $5, report = $6,
       fault_code = $7, fault_message = $8
     where library_id = $1 and sync_id = $2 and state = 'running' returning 1`,
    [library, id, state, total, done, toJson(report), fault?.code ?? null, fault?.message ?? null],
  )
  if (ended.length > 0 && state !== 'finished') await countRows(query, library, [id])
}

async function closeDead(
  { query, transaction }: Database,
  library: string,
  running: readonly string[],
  silentMs: number,
): Promise<void> {
  // Asked again and again by whoever follows a sync: nothing is written, and nothing locked, where none is dead.
  const isDead = `library_id = $1 and state = 'running' and sync_id <> all($2)
       and alive_at <= now() - $3 * interval '1 ms'`
  const asked = [library, running, silentMs]
  if ((await query(`select 1 from syncs where ${isDead}`, asked)).length === 0) return
  await transaction(async (own) => {
    const closed = await own<{ sync_id: string }>(
      `update syncs set state = 'interrupted', ended_at = alive_at, reading = null where ${isDead} returning sync_id`,
      asked,
    )
    await countRows(
      own,
      library,
      closed.map(({ sync_id }) => sync_id),
    )
  })
  await dropJobs(query, library)
}

/**
 * What a sync changed that was cut short is counted from its rows: its last word may be older than they are, and what was
 * saved as it ended was told to nobody. After the update that ended it, so that no save is under way any more and its own
 * statement sees them all. Of what it only tells there is its word.
 */
async function countRows(query: Query, library: string, ids: readonly string[]): Promise<void> {
  await query(
    `update syncs s set done = c.told + c.rows, total = greatest(s.total, c.told + c.rows), report = s.report ||
       jsonb_build_object('learned', c.learned, 'changed', c.changed, 'restored', c.restored, 'removed', c.removed)
     from (select t.sync_id, (t.report->>'unchanged')::int + (t.report->>'failed')::int as told,
         count(o.type)::int as rows, count(*) filter (where o.type = 'learned') as learned,
         count(*) filter (where o.type = 'changed') as changed, count(*) filter (where o.type = 'restored') as restored,
         count(*) filter (where o.type = 'removed') as removed
       from syncs t left join sync_outcomes o
         on o.library_id = t.library_id and o.sync_id = t.sync_id and o.type = any($3)
       where t.library_id = $1 and t.sync_id = any($2) group by t.sync_id, t.report) as c
     where s.library_id = $1 and s.sync_id = c.sync_id`,
    [library, ids, changing],
  )
}

/** By itself: with the sync in one transaction it would wait for a job whose save waits for the sync. */
async function dropJobs(query: Query, library: string): Promise<void> {
  await query(
    `delete from ingest_jobs j using syncs s
     where j.library_id = $1 and s.library_id = $1 and s.sync_id = j.sync_id and s.state <> 'running'`,
    [library],
  )
}

async function prune(query: Query, library: string): Promise<void> {
  await query(
    `delete from syncs where library_id = $1 and state <> 'running' and number <=
       (select number from syncs where library_id = $1 order by number desc offset $2 limit 1)`,
    [library, KEPT_SYNCS],
  )
}

const nothing: IngestReport = {
  learned: 0,
  changed: 0,
  restored: 0,
  removed: 0,
  kept: 0,
  unchanged: 0,
  failed: 0,
  skipped: 0,
  chunks: 0,
  embedded: 0,
  tokens: 0,
  usd: 0,
  bytes: 0,
  ms: 0,
}

type SyncRow = Omit<Sync, 'beganAt' | 'endedAt' | 'fault' | 'undoneBy'> & {
  began_at: Date
  ended_at: Date | null
  fault_code: string | null
  fault_message: string | null
  undone_by: string | null
}

const shownSql = `
  select sync_id as id, trigger, roots, state, began_at, ended_at, total, done, reading, report, fault_code, fault_message, undone_by
  from syncs`

function toSync({ began_at, ended_at, fault_code: code, fault_message: message, undone_by, ...row }: SyncRow): Sync {
  return {
    ...row,
    // Those of earlier versions lack a word.
    report: { ...nothing, ...row.report },
    beganAt: began_at.toISOString(),
    endedAt: ended_at?.toISOString() ?? null,
    fault: code === null ? null : { code, message: message ?? '' },
    undoneBy: undone_by,
  }
}

function messageOf({ message }: { readonly message: string | null }): string | null {
  return message === null ? null : storable(message)
}

/** A file may have any name: what text columns cannot hold becomes another character. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}
