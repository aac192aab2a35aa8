// Jobs of syncs. A process that takes one gets the next token, and whatever it writes has to name it: one that was paused
// while another took over is refused, however sure it is of itself (M. Kleppmann, "How to do distributed locking", 2016).
import { StoreError } from '../core/errors.ts'
import type { Fence, JobOutcome, JobRef, JobStore, JobToSend } from '../core/jobs.ts'
import { byteasParameter, jsonsParameter } from './binary.ts'
import { type Database, type Query, toJson } from './database.ts'
import { gather } from './gather.ts'

// Said every 10 s (store/queue.ts).
const WORKER_SILENT_S = 30

/** Of any library: processes that learn documents do it for all of them. */
export function jobStore({ of }: Database): JobStore {
  return {
    collect: async (library, sync, heard) => {
      const rows = await of(library).query<{ job_id: string; outcome: JobOutcome }>(
        `with forgotten as (delete from ingest_jobs where library_id = $1 and sync_id = $2 and job_id = any($3))
         select job_id, outcome from ingest_jobs
         where library_id = $1 and sync_id = $2 and outcome is not null and job_id <> all($3)`,
        [library, sync, heard],
      )
      return rows.map(({ job_id, outcome }) => ({ job: Number(job_id), outcome }))
    },
    take: openTaking(of),
    settle: async (fence, outcome) =>
      await of(fence.library).transaction(async (own) => await settleJobs(own, [{ fence, outcome }])),
    blame: async ({ library, sync, job, token }, fault) => {
      await of(library).query(
        `update ingest_jobs set fault = $5 where library_id = $1 and sync_id = $2 and job_id = $3 and token = $4`,
        [library, sync, job, token, fault.toWellFormed().replaceAll('\0', '\ufffd')],
      )
    },
    giveUp: async (ref) => await giveUp(of(ref.library).query, ref),
    waiting: async (library) => {
      const [row] = await of(library).query<{ workers: number; documents: number }>(
        `select footnote_workers($2) as workers,
                (select count(*)::int from ingest_jobs where library_id = $1 and outcome is null) as documents`,
        [library, WORKER_SILENT_S],
      )
      return row ?? { workers: 0, documents: 0 }
    },
  }
}

type Taken = Awaited<ReturnType<JobStore['take']>>

/** Jobs that one process takes at once cost one statement. */
function openTaking(of: Database['of']): JobStore['take'] {
  const takeTogether = async (refs: readonly JobRef[]): Promise<Taken[]> => {
    const { library = '', sync } = refs[0] ?? {}
    const rows = await of(library).query<{ job_id: string; token: number; task: unknown; bytes: Buffer }>(
      `update ingest_jobs j set token = token + 1 from syncs s
       where j.library_id = $1 and j.sync_id = $2 and j.job_id = any($3) and j.outcome is null
         and s.library_id = $1 and s.sync_id = $2 and ${isRunning} returning j.job_id, j.token, j.task, j.bytes`,
      [library, sync, refs.map(({ job }) => job)],
    )
    const byJob = new Map(rows.map((row) => [Number(row.job_id), row]))
    return refs.map((ref) => {
      const row = byJob.get(ref.job)
      return row ? { fence: { ...ref, token: row.token }, task: row.task, bytes: row.bytes } : null
    })
  }
  return gather(takeTogether, { fits: fitsOneStatement, lingerMs: 0 })
}

function fitsOneStatement(batch: readonly JobRef[], next: JobRef): boolean {
  return batch.every(({ library, sync, job }) => library === next.library && sync === next.sync && job !== next.job)
}

/** Of the library $1: whether the attempt $6 at the job $5 of the sync $4 may write. */
export const isHeld = `exists (
  select from ingest_jobs j join syncs s using (library_id, sync_id)
  where j.library_id = $1 and j.sync_id = $4 and j.job_id = $5 and j.token = $6 and j.outcome is null
    and s.state = 'running' and not s.cancelling)`

const isRunning = `s.state = 'running' and not s.cancelling`

/** Their numbers. All of one sync. */
export async function insertJobs(query: Query, jobs: readonly JobToSend[]): Promise<number[]> {
  const { library, sync } = jobs[0] ?? {}
  const rows = await query<{ job_id: string }>(
    `insert into ingest_jobs (library_id, sync_id, task, bytes)
     select $1, $2, task, bytes from unnest($3::jsonb[], $4::bytea[]) with ordinality as t(task, bytes, n)
     order by n returning job_id`,
    [
      library,
      sync,
      jsonsParameter(jobs.map(({ task }) => toJson(task))),
      byteasParameter(jobs.map(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))),
    ],
  )
  return rows.map(({ job_id }) => Number(job_id)).sort((a, b) => a - b)
}

type Settled = { readonly fence: Fence; readonly outcome: JobOutcome }

/** Within the transaction that makes the changes, all of one sync: they are kept only if every fence held to its end. */
export async function settleJobs(query: Query, settled: readonly Settled[]): Promise<void> {
  const [first] = settled
  if (!first) return
  const { library, sync } = first.fence
  const rows = await query(
    `update ingest_jobs j set outcome = o.outcome, bytes = null
     from unnest($3::bigint[], $4::int[], $5::jsonb[]) as o(job, token, outcome)
     where j.library_id = $1 and j.sync_id = $2 and j.job_id = o.job and j.token = o.token and j.outcome is null
     returning 1`,
    [
      library,
      sync,
      settled.map(({ fence }) => fence.job),
      settled.map(({ fence }) => fence.token),
      settled.map(({ outcome }) => toJson(outcome)),
    ],
  )
  if (rows.length < settled.length) {
    const held = settled.map(({ fence: { job, token } }) => `${job} by its attempt ${token}`).join(', ')
    throw new StoreError('lease-lost', `Of ${sync} not all of these jobs are held any more: ${held}.`)
  }
  await requireRunning(query, library, sync)
}

/**
 * Within a transaction, as its last statement: a sync that has ended, or is to end, changes nothing. The lock keeps it
 * running until the transaction is over; it is taken last because the sync's own word that it lives waits for it.
 */
export async function requireRunning(query: Query, library: string, sync: string): Promise<void> {
  const rows = await query(`select 1 from syncs s where library_id = $1 and sync_id = $2 and ${isRunning} for share`, [
    library,
    sync,
  ])
  if (rows.length === 0) throw new StoreError('lease-lost', `The sync ${sync} does not run any more.`)
}

async function giveUp(query: Query, { library, sync, job }: JobRef): Promise<void> {
  await query(
    `update ingest_jobs set bytes = null, outcome = jsonb_build_object('type', 'failed', 'source', task->>'source',
       'code', 'given-up', 'message', (task->>'source') || ' was tried ' || token || ' times: ' ||
       coalesce(fault, 'each time the process that learned it died, or said nothing for too long'))
     where library_id = $1 and sync_id = $2 and job_id = $3 and outcome is null`,
    [library, sync, job],
  )
}
