// Where a library can be kept, each new and empty: a folder of the embedded store, and, where there is one, a Postgres.
import { emptyTestDatabase, postgresUrl, preparedDataDir, temporaryFolder } from './database.ts'
import type { Database } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openPostgres } from '../../store/postgres.ts'

export type Place = {
  /** what a process of ours is told to find it */
  readonly settings: Readonly<Record<string, string>>
  /** One connection, as a command opens it. */
  readonly open: () => Promise<Database>
} & AsyncDisposable

export const kinds = ['embedded', 'postgres'] as const
export type Kind = (typeof kinds)[number]

export function isThere(kind: Kind): boolean {
  return kind === 'embedded' || postgresUrl !== null
}

/** Migrated or not, it holds nothing. */
export async function openPlace(kind: Kind): Promise<Place> {
  if (kind === 'embedded') {
    const dir = await preparedDataDir()
    const open = async () => await openEmbedded(dir, () => {}, null)
    return { settings: { DATA_DIR: dir }, open, [Symbol.asyncDispose]: async () => {} }
  }
  const database = await emptyTestDatabase()
  await database.close()
  const url = database.url ?? ''
  // A data directory, too: a process that was told of none would use that of whoever runs the tests.
  return {
    settings: { DATABASE_URL: url, DATA_DIR: await temporaryFolder() },
    open: async () => await Promise.resolve(openPostgres(url, 1)),
    [Symbol.asyncDispose]: database[Symbol.asyncDispose],
  }
}
