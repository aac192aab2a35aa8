// npm run worker: a process that learns documents from the queue, and reads sources when their schedules say so.
import type { Config } from '../core/config.ts'
import { ConfigError, InputError } from '../core/errors.ts'
import { type Log, openLog } from '../core/log.ts'
import { openAll } from '../server/open.ts'
import { sourcesBook } from './targets.ts'

// `docker stop` kills after 10 s; closing the queue may take 3 of them.
const DRAIN_MS = 4_000
const MOST_AT_ONCE = 32

export async function worker(config: Config, atOnce: string | null, signal: AbortSignal): Promise<number> {
  if (config.databaseUrl === null)
    throw new InputError(
      'no-queue',
      'npm run worker: DATABASE_URL is not set. The embedded database belongs to one process, which learns by itself: npm start needs no workers.',
    )
  const hands = handsOf(atOnce)
  const log = openLog(config.logLevel)
  await checkSources(config, log)
  const opened = await openAll({ ...config, workers: 'only' }, log)
  try {
    await opened.work(hands)
    opened.syncing.begin()
    log.info('this worker learns documents')
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    log.info('giving back what is under way')
    await opened.syncing.drain(DRAIN_MS)
  } finally {
    await opened.close()
  }
  log.info('stopped')
  return 0
}

/** Documents of others are learned all the same, and the file is read again each time that something may be due. */
async function checkSources(config: Config, log: Log): Promise<void> {
  try {
    await sourcesBook(config).specs()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const fault of error.faults) log.error(`SOURCES: ${fault}; until then no source is read by its schedule`)
  }
}

function handsOf(atOnce: string | null): number | null {
  if (atOnce === null) return null
  const count = Number(atOnce)
  if (Number.isInteger(count) && count >= 1 && count <= MOST_AT_ONCE) return count
  throw new InputError('usage', `--at-once: ${JSON.stringify(atOnce)} is not a number from 1 to ${MOST_AT_ONCE}`)
}
