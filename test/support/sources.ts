// A sources.yaml over the sites and folders of a test, and syncs by it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBook } from '../../ingest/book.ts'
import type { OriginDeps } from '../../ingest/source/origins.ts'
import { type SyncsDeps } from '../../ingest/syncs.ts'
import { temporaryFolder, type TestDatabase } from './database.ts'
import type { FixtureSite } from './fixture-site.ts'
import { never } from './store-documents.ts'
import { ended, type Learned, openTestSyncs, type TestSyncs } from './syncing.ts'

export type TestSources = TestSyncs & {
  /** Writes sources.yaml: JSON is YAML. */
  readonly describe: (sources: readonly object[], more?: object) => Promise<void>
  /** Reads these sources, or all of them, to the end. */
  readonly read: (names?: readonly string[], allowDeletes?: boolean) => Promise<Learned>
  readonly file: string
}

/** Nothing that a test waits for: a busy server is asked again at once. */
const hasty: NonNullable<OriginDeps['limits']> = { firstRetryMs: 1, headersMs: 300, idleMs: 300, totalMs: 2_000 }

export async function openTestSources(
  database: TestDatabase,
  site: Pick<FixtureSite, 'host'> | null,
  more: Partial<SyncsDeps> = {},
): Promise<TestSources> {
  const file = join(await temporaryFolder(), 'sources.yaml')
  const book = openBook({
    path: file,
    isSet: false,
    deps: () => ({
      publicUrl: null,
      dataDir: join(file, '../data'),
      environment: { PATH: process.env['PATH'] },
      input: null,
      limits: hasty,
    }),
  })
  const syncs = await openTestSyncs(database, { book, ...more })
  return {
    ...syncs,
    file,
    describe: async (sources, rest = {}) =>
      await writeFile(file, JSON.stringify({ ...(site && { allowHosts: [site.host] }), sources, ...rest })),
    read: async (names = [], allowDeletes = false) => {
      const request = { trigger: 'command', paths: [], sources: names, allowDeletes } as const
      return ended(await Array.fromAsync(syncs.syncing.run(request, never)))
    },
  }
}

/** The same by a clock that is set by hand, and with somebody who looks what is due when told to. */
export async function openScheduled(database: TestDatabase) {
  const clock = { now: new Date('2026-03-01T10:00:00Z') }
  const looks: (() => Promise<void>)[] = []
  const repeat = (work: () => Promise<void>) => {
    looks.push(work)
    return () => {}
  }
  const look = async () => await looks[0]?.()
  const sources = await openTestSources(database, null, { clock: async () => clock.now, repeat })
  sources.syncing.begin()
  /** trigger and state of all syncs, the newest first */
  const triggers = async () => (await sources.syncing.list(50)).map(({ trigger, state }) => `${trigger} ${state}`)
  return { ...sources, clock, look, triggers }
}
