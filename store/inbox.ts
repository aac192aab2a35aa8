// The inbox of Slack: each task stored once, done by one process at a time, one of a lane at a time. Who has taken a task
// holds a lease on it, and every write of the holder is refused when the lease has run out or somebody else has the task
// (M. Kleppmann, "How to do distributed locking", 2016: the token that grows with every lease). All times are those of
// the database's clock, so that servers need not agree on theirs.
import { StoreError } from '../core/errors.ts'
import type { InboxStore, Lease, TakenTask } from '../core/inbox.ts'
import { type Database, toJson } from './database.ts'

// Slack delivers again for hours at most. So long a thread that the app has answered in stays one that it takes part in.
const KEPT_DAYS = 30

export function inboxStore(database: Database): InboxStore {
  return {
    keep: async (library, { id, lane, saidAt, task, onlyInKnownLane, isQuick }) => {
      const rows = await database.query(
        `insert into slack_tasks (library_id, task_id, lane, said_at, task, quick)
         select $1, $2, $3, coalesce($4::numeric, extract(epoch from clock_timestamp())), $5::jsonb, $7
         where not $6 or exists (select from slack_tasks where library_id = $1 and lane = $3)
         on conflict (library_id, task_id) do nothing returning task_id`,
        [library, id, lane, saidAt, toJson(task), onlyInKnownLane, isQuick],
      )
      return rows.length > 0
    },
    take: async (library, { long, quick }, leaseMs) =>
      await database.query<TakenTask>('select * from take_slack_tasks($1, $2, $3, $4)', [
        library,
        long,
        quick,
        leaseMs,
      ]),
    sweep: async (library) => {
      await database.query(
        `delete from slack_tasks where library_id = $1 and ended_at < now() - make_interval(days => $2)`,
        [library, KEPT_DAYS],
      )
    },
    ...leased(database),
  }
}

type Leased = Pick<InboxStore, 'renew' | 'remember' | 'postpone' | 'end'>

function leased(database: Database): Leased {
  return {
    renew: async (library, leases, leaseMs) => {
      const rows = await database.query<{ id: string }>(
        `update slack_tasks t set leased_until = clock_timestamp() + $4 * interval '1 ms'
         from unnest($2::text[], $3::int[]) as l(task_id, attempts)
         where t.library_id = $1 and t.task_id = l.task_id and t.attempts = l.attempts and ${isHeld}
         returning t.task_id as id`,
        [library, leases.map(({ id }) => id), leases.map(({ number }) => number), leaseMs],
      )
      return new Set(rows.map(({ id }) => id))
    },
    remember: async (library, lease, progress) =>
      await write(database, library, lease, 'progress = $4::jsonb', [toJson(progress)]),
    postpone: async (library, lease, { delayMs, counts }) =>
      await write(
        database,
        library,
        lease,
        `leased_until = null, due_at = clock_timestamp() + $4 * interval '1 ms',
         failures = case when $5 then failures else failures - 1 end`,
        [delayMs, counts],
      ),
    end: async (library, lease, fault) =>
      await write(
        database,
        library,
        lease,
        `leased_until = null, ended_at = clock_timestamp(), fault = $4::text,
         task = case when $4::text is null then null else task end`,
        [fault],
      ),
  }
}

// Until its last moment, and not longer because nobody else has come: a process that was paused knows of neither.
const isHeld = 't.ended_at is null and t.leased_until > clock_timestamp()'

/** Throws StoreError `lease-lost`: the task is somebody else's, or may be. */
async function write(
  database: Database,
  library: string,
  { id, number }: Lease,
  change: string,
  values: readonly unknown[],
): Promise<void> {
  const rows = await database.query(
    `update slack_tasks t set ${change}
     where t.library_id = $1 and t.task_id = $2 and t.attempts = $3 and ${isHeld} returning t.task_id`,
    [library, id, number, ...values],
  )
  if (rows.length === 0)
    throw new StoreError('lease-lost', `The task ${id} is not held any more by its attempt ${number}.`)
}
