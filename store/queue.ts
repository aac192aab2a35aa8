// The queue of jobs on a real Postgres: pg-boss says who does which one when, and again after a failure or a death; the
// rows of store/jobs.ts hold the documents and decide whose work counts (docs/decisions/0017).
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type ConstructorOptions, type JobResult, type JobWithMetadata, PgBoss } from 'pg-boss'
import type { Attempt, JobRef, JobToSend, Queue, Urgency } from '../core/jobs.ts'
import { type Database, type Query, toStoreError } from './database.ts'
import { gather } from './gather.ts'
import { insertJobs, jobStore } from './jobs.ts'
import { tellOutages } from './outage.ts'
import { openSchema } from './walls.ts'

export type QueueOptions = {
  readonly url: string
  readonly report: (message: string, error: unknown) => void
  /** a worker that says nothing for so long has lost its job; pg-boss takes nothing below 10 */
  readonly heartbeatSeconds?: number
  /** how often somebody looks for such workers */
  readonly watchSeconds?: number
  readonly retryDelaySeconds?: number
}

const JOBS = 'footnote-documents'
const GIVEN_UP = 'footnote-documents-given-up'
const priorities: Readonly<Record<Urgency, number>> = { upload: 10, command: 5, rest: 0 }
// The first one, and four more after about 2, 4, 8 and 16 s, each with a share of chance.
const RETRIES = 4
const LONGEST_DELAY_S = 60
// Beside those of the store: one to take jobs and to say that they are under way, one to watch.
const CONNECTIONS = 3
// New jobs are told of; those that are tried again are not, and come when their delay is over and somebody looks.
const LOOKS = { pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 2 }
const BEAT_MS = 10_000
// `docker stop` kills after 10 s.
const CLOSE_MS = 3_000

/** Throws what the database says when it can neither find nor make what pg-boss keeps in its schema. */
export async function openQueue(database: Database, options: QueueOptions): Promise<Queue> {
  const { report } = options
  const boss = new PgBoss(bossOptions(options))
  boss.on('error', tellOutages(report))
  try {
    await boss.start()
    await makeQueues(boss, options)
    await openSchema(database.owner.query, 'pgboss')
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {})
    throw toStoreError(error)
  }
  const beats: NodeJS.Timeout[] = []
  const stopping = new AbortController()
  return {
    ...jobStore(database),
    send: openSending(database, boss),
    work: async (library, atOnce, attempt) => {
      const shared: Shared = { boss, attempt, stopping: stopping.signal }
      // Two, so that one computes while the other's documents are saved, and a slow one holds up half of what is taken.
      for (const some of [Math.ceil(atOnce / 2), Math.floor(atOnce / 2)]) if (some > 0) await offerHand(shared, some, 0)
      // However long a crawl is, one hand is free for what somebody waits for.
      await offerHand(shared, 1, priorities.upload)
      const jobs = jobStore(database)
      await boss.work<JobRef>(GIVEN_UP, async (given) => {
        for (const job of given) await jobs.giveUp(job.data)
      })
      beats.push(await beat(database.of(library), library, atOnce))
    },
    close: async () => {
      stopping.abort(new DOMException('shutting down', 'AbortError'))
      for (const each of beats) clearInterval(each)
      await boss.stop({ timeout: CLOSE_MS })
    },
  }
}

function bossOptions({ url, watchSeconds = 10 }: QueueOptions): ConstructorOptions {
  return {
    connectionString: url,
    application_name: 'footnote queue',
    max: CONNECTIONS,
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: watchSeconds,
    monitorIntervalSeconds: watchSeconds,
  }
}

async function makeQueues(boss: PgBoss, { heartbeatSeconds = 30, retryDelaySeconds = 2 }: QueueOptions): Promise<void> {
  await boss.createQueue(GIVEN_UP, { deleteAfterSeconds: 0 })
  const settings = {
    retryLimit: RETRIES,
    retryDelay: retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: LONGEST_DELAY_S,
    heartbeatSeconds,
    deadLetter: GIVEN_UP,
    notify: true,
    // Nothing is read of a job that is done: its outcome stands in our own row.
    deleteAfterSeconds: 3_600,
  }
  await boss.createQueue(JOBS, settings)
  await boss.updateQueue(JOBS, settings)
}

type Shared = { readonly boss: PgBoss; readonly attempt: Attempt; readonly stopping: AbortSignal }

/** Takes up to so many at once, and more when all of them are done; each succeeds or fails by itself. */
async function offerHand({ boss, attempt, stopping }: Shared, batchSize: number, minPriority: number): Promise<void> {
  let id = ''
  const options = { includeMetadata: true, perJobResults: true, batchSize, minPriority, ...LOOKS } as const
  const done = async ({ id, signal, priority, ...job }: JobWithMetadata<JobRef>): Promise<JobResult> => {
    try {
      await attempt(job.data, AbortSignal.any([signal, stopping]))
    } catch (error) {
      if (!stopping.aborted) return { id, status: 'failed', output: { message: String(error) } }
      // Given back as a job of its own: being shut down is no attempt that failed.
      await boss.send(JOBS, job.data, { priority })
    }
    return { id, status: 'completed' }
  }
  id = await boss.work(JOBS, options, async (jobs: JobWithMetadata<JobRef>[]) => {
    try {
      return await Promise.all(jobs.map(done))
    } finally {
      // Otherwise it would wait for the next word or look, however many jobs there are.
      boss.notifyWorker(id)
    }
  })
}

type Sent = { readonly job: JobToSend; readonly urgency: Urgency }

// What comes while others are sent goes with the next, up to so many bytes.
const MOST_BYTES = 4_000_000
const LINGER_MS = 10

/** Those that come at once in one transaction. */
function openSending(database: Database, boss: PgBoss): Queue['send'] {
  const inOneTransaction = async (batch: readonly Sent[]) =>
    await database.of(batch[0]?.job.library ?? '').transaction(async (query) => {
      const numbers = await insertJobs(
        query,
        batch.map(({ job }) => job),
      )
      const given = batch.map(({ job: { library, sync }, urgency }, index) => {
        const ref: JobRef = { library, sync, job: numbers[index] ?? -1 }
        return { data: ref, priority: priorities[urgency] }
      })
      await boss.insert(JOBS, given, { db: executing(query) })
      return numbers
    })
  const send = gather(inOneTransaction, { fits: fitsOneTransaction, lingerMs: LINGER_MS })
  return async (job, urgency) => await send({ job, urgency })
}

function fitsOneTransaction(batch: readonly Sent[], { job: next }: Sent): boolean {
  const bytes = batch.reduce((sum, { job }) => sum + job.bytes.length, next.bytes.length)
  return bytes <= MOST_BYTES && batch.every(({ job }) => job.library === next.library && job.sync === next.sync)
}

/** Statements of pg-boss within a transaction of ours. */
function executing(query: Query) {
  return { executeSql: async (sql: string, values?: unknown[]) => ({ rows: await query(sql, values ?? []) }) }
}

async function beat({ query }: Database, library: string, atOnce: number): Promise<NodeJS.Timeout> {
  const id = randomUUID()
  const say = async () => {
    await query(
      `insert into workers (library_id, worker_id, name, at_once) values ($1, $2, $3, $4)
       on conflict (library_id, worker_id) do update set alive_at = now()`,
      [library, id, `${hostname()} ${process.pid}`, atOnce],
    )
    await query(`delete from workers where library_id = $1 and alive_at < now() - interval '1 day'`, [library])
  }
  await say()
  return setInterval(() => void say().catch(() => {}), BEAT_MS).unref()
}
