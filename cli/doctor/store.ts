// The store: does it open, who holds it, is its schema that of this program?
import type { Config } from '../../core/config.ts'
import { ConfigError, StoreError } from '../../core/errors.ts'
import type { SchemaReport, StoreStatus } from '../../core/reports.ts'
import { placeOfDatabase, remedyOf } from '../../store/database-fault.ts'
import { openReader, type Reader } from '../reader.ts'
import { placeOf } from '../status.ts'
import { faultOf, fine, type Finding, look, wrong } from './finding.ts'
import { checkWalls } from './walls.ts'

const OLDEST_POSTGRES = 15
// bit_hamming_distance over <~> and binary_quantize came with it.
const OLDEST_PGVECTOR = [0, 7]

export type Examined = {
  /** null: there is none, or it does not open */
  readonly reader: Reader | null
  readonly stored: StoreStatus | null
  readonly findings: readonly Finding[]
}

export async function examineStore(config: Config, signal: AbortSignal): Promise<Examined> {
  const reader = await openReader(config).catch((error: unknown) => toFinding(error, config))
  if (reader === null)
    return { reader, stored: null, findings: [fine('not made yet: the first npm start or ingest makes it')] }
  if ('level' in reader) return { reader: null, stored: null, findings: [reader] }
  try {
    const stored = await reader.status(signal)
    const findings = [...describe(config, reader, stored.schema), ...checkSchema(stored.schema)]
    // A database that is not of this version may have none yet.
    const walls = stored.library && reader.walls ? [checkWalls(await reader.walls())] : []
    return { reader, stored, findings: [...findings, ...walls] }
  } catch (error) {
    await reader.close()
    return { reader: null, stored: null, findings: [toFinding(error, config)] }
  }
}

function describe(config: Config, { owner, restored }: Reader, { postgres }: SchemaReport): Finding[] {
  const place = placeOf(config)
  const where = place.kind === 'postgres' ? `Postgres ${postgres} at ${place.host}` : `embedded, Postgres ${postgres}`
  const holder = owner ? `, held by process ${owner.pid}` : ''
  const found = fine(`${where}${holder}`)
  if (Number.parseInt(postgres, 10) < OLDEST_POSTGRES)
    return [wrong(found.found, `Use Postgres ${OLDEST_POSTGRES} or later.`)]
  if (!restored) return [found]
  return [
    look(
      `the database in ${config.dataDir} did not open and was restored from its last snapshot`,
      'Run npm run ingest again: the last 5 minutes may be missing. The broken folder is kept beside it.',
    ),
  ]
}

export function checkSchema({ pgvector, missing, unknown }: SchemaReport): Finding[] {
  if (pgvector === null && missing.length === 0)
    return [wrong('pgvector is not in this database', 'As a superuser, run: create extension vector')]
  if (pgvector !== null && isOlder(pgvector))
    return [
      wrong(
        `pgvector ${pgvector} is too old`,
        `Install ${OLDEST_PGVECTOR.join('.')} or later, then run: alter extension vector update`,
      ),
    ]
  if (unknown.length > 0)
    return [
      wrong(
        `a newer Footnote has migrated this database (${unknown.join(', ')})`,
        'Start that version, or set DATABASE_URL or DATA_DIR to another database.',
      ),
    ]
  if (missing.length > 0)
    return [
      pgvector === null
        ? look('a new database without pgvector', 'As a superuser, run: create extension vector; then npm start.')
        : look(`${missing.join(', ')} not applied yet`, 'npm start brings the schema up to date; back up first.'),
    ]
  return [fine(`pgvector ${pgvector}, schema up to date`)]
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_PGVECTOR
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
}

function toFinding(error: unknown, config: Config): Finding {
  if (error instanceof ConfigError) return wrong('cannot be opened', 'Correct DATA_DIR first: folders, above.')
  if (!(error instanceof StoreError)) return wrong(faultOf(error), 'The log of the server may have the details.')
  if (error.code === 'store-locked')
    return wrong(
      firstSentence(error.message),
      'If it is a server that is starting, or another command, wait for it; else end that process, or set DATA_DIR to another folder.',
    )
  const found = faultOf(error)
  if (!config.databaseUrl) return wrong(found, 'Move the folder away to start anew, or restore a backup into it.')
  return wrong(`${placeOfDatabase(config.databaseUrl)}: ${found}`, remedyOf(found))
}

function firstSentence(text: string): string {
  return text.split('. ')[0] ?? text
}
