// npm run status: what there is, read in five seconds.
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import type { Config } from '../core/config.ts'
import { MAIN_LIBRARY } from '../core/settings.ts'
import type { LibraryReport, SchemaReport } from '../core/reports.ts'
import { toWire } from '../server/http/wire.ts'
import { minute } from './layout.ts'
import { findServer, openReader, type Reader } from './reader.ts'

type Status = {
  /** address of the running server */
  readonly server: string | null
  readonly store: Place & {
    /** of the data directory with its snapshot, or of the database; null: there is none yet */
    readonly bytes: number | null
    /** it did not open, and its last snapshot has taken its place */
    readonly restored: boolean
    readonly schema: SchemaReport | null
    /** the process that holds the embedded store, but for this one */
    readonly holder: { readonly pid: number; readonly since: string } | null
  }
  /** null: there is no store yet, or it is not of this version */
  readonly library: LibraryReport | null
  readonly models: {
    /** null: answers are verbatim extracts */
    readonly generator: string | null
    /** null: the built-in one */
    readonly embedder: string | null
    readonly budgetUsdPerDay: number | null
  }
  /** processes that learn documents, and documents that wait or are under way; null: the store has one process */
  readonly learning: { readonly workers: number; readonly documents: number } | null
  /** how Slack's messages would come in; null: the server does not speak to Slack */
  readonly slack: { readonly overHttp: boolean; readonly socketMode: boolean } | null
}

type Place =
  | { readonly kind: 'embedded'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly host: string; readonly database: string }

/** As text for a person, or as JSON in the words of the API. */
export async function status(config: Config, json: boolean, signal: AbortSignal): Promise<string> {
  const reader = await openReader(config)
  try {
    const found = await look(config, reader, signal)
    return json ? JSON.stringify(toWire(found), null, 2) : describe(found, config.library)
  } finally {
    await reader?.close()
  }
}

async function look(config: Config, reader: Reader | null, signal: AbortSignal): Promise<Status> {
  const stored = reader && (await reader.status(signal))
  const place = placeOf(config)
  const owner = reader?.owner
  return {
    server: await findServer(config, reader, signal),
    store: {
      ...place,
      bytes: stored && (place.kind === 'embedded' ? bytesBelow(place.folder) : stored.bytes),
      restored: reader?.restored ?? false,
      schema: stored && stored.schema,
      holder: owner ? { pid: owner.pid, since: owner.startedAt } : null,
    },
    library: stored && stored.library,
    learning: stored?.library ? await waitingIn(reader) : null,
    models: {
      generator: config.provider?.chatModel ?? null,
      embedder: config.embeddingModel,
      budgetUsdPerDay: config.budgetUsdPerDay,
    },
    slack: config.slack && {
      overHttp: config.slack.signingSecret !== null,
      socketMode: config.slack.appToken !== null,
    },
  }
}

/** Only of a database of this version: others may know nothing of jobs. */
async function waitingIn(reader: Reader | null): Promise<Status['learning']> {
  return (await reader?.waiting?.()) ?? null
}

/** Where the store is, without the user and the password of its address. */
export function placeOf({ databaseUrl, dataDir }: Config): Place {
  if (!databaseUrl) return { kind: 'embedded', folder: dataDir }
  const { host, pathname } = new URL(databaseUrl)
  return { kind: 'postgres', host, database: decodeURIComponent(pathname.slice(1)) }
}

function describe({ server, store, library, learning, models, slack }: Status, name: string): string {
  const lines: [string, string][] = [
    ['Server', server ? `running at ${server}` : 'not running; start it: npm start'],
    ['Store', `${describePlace(store)}, ${describeSize(store)}`],
    ['Library', describeLibrary(library, store.schema, name)],
    ...(learning ? [['Learning', describeLearning(learning)] satisfies [string, string]] : []),
    ['Embedder', library?.space ?? models.embedder ?? 'built-in'],
    ['Model', models.generator ?? 'none: answers are verbatim extracts'],
    ['Slack', describeSlack(slack)],
  ]
  if (library)
    lines.push(['Answers', describeAnswers(library)], ['Today', describeToday(library, models.budgetUsdPerDay)])
  return lines.map(([name, text]) => `${styleText('bold', name.padEnd(10))}${text}`).join('\n')
}

function describePlace(place: Place): string {
  return place.kind === 'embedded'
    ? `embedded in ${place.folder.replace(/\/*$/, '/')}`
    : `Postgres at ${place.host}, database ${place.database || 'of the role’s name'}`
}

function describeSize({ bytes, restored, schema, holder }: Status['store']): string {
  if (bytes === null || schema === null) return 'not made yet: the first start makes it'
  const held = holder ? `, held by process ${holder.pid} since ${minute(holder.since)}` : ''
  return `${megabytes(bytes)}${held}${restored ? ', restored from its last snapshot' : ''}`
}

function describeLibrary(library: LibraryReport | null, schema: SchemaReport | null, name: string): string {
  if (library?.changedAt && library.documents > 0)
    return `${count(library.documents, 'document')}, ${count(library.chunks, 'chunk')}, last change ${minute(library.changedAt)}`
  // One that was never filled looks as one that was misspelt.
  if (library && name !== MAIN_LIBRARY)
    return `nothing is in ${name}: check its name, or fill it: npm run ingest -- <folder or file> --library ${name}`
  if (library || !schema) return 'empty; fill it: npm run ingest -- <folder or file>'
  return schema.unknown.length > 0
    ? 'not readable: a newer Footnote has migrated this database'
    : `not readable: ${count(schema.missing.length, 'migration')} behind; npm start brings it up to date`
}

export function describeLearning({ workers, documents }: NonNullable<Status['learning']>): string {
  const wait = documents === 1 ? 'waits' : 'wait'
  const waiting = documents === 0 ? 'nothing waits' : `${count(documents, 'document')} ${wait}`
  const missing = documents > 0 && workers === 0 ? ': start one, npm run worker' : ''
  return `${count(workers, 'worker')}, ${waiting}${missing}`
}

/** What is configured; whether Slack takes the tokens, `doctor` asks. */
function describeSlack(slack: Status['slack']): string {
  if (!slack) return 'off'
  const ways = [...(slack.overHttp ? ['over HTTP'] : []), ...(slack.socketMode ? ['by Socket Mode'] : [])]
  return `on, ${ways.join(' and ')}; npm run doctor tries its tokens`
}

function describeAnswers({ answers, ratings }: LibraryReport): string {
  const { answered, abstained, stopped } = answers
  const kinds = [`${answered} answered`, `${abstained} refused`, ...(stopped > 0 ? [`${stopped} stopped`] : [])]
  const thumbs = ratings.up + ratings.down > 0 ? ` · thumbs: ${ratings.up} up, ${ratings.down} down` : ''
  return `${count(answered + abstained + stopped, 'answer')} stored (${kinds.join(', ')})${thumbs}`
}

function describeToday({ today }: LibraryReport, budgetUsd: number | null): string {
  const aside = today.reservedUsd > 0 ? `, ${dollars(today.reservedUsd)} set aside` : ''
  const limit = budgetUsd === null ? 'no budget is set' : `budget ${dollars(budgetUsd)} a day`
  return `${dollars(today.spentUsd)} spent in ${count(today.calls, 'call')} to the model${aside}; ${limit}`
}

export function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`
}

export function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}

/** Calls cost fractions of a cent. */
function dollars(usd: number): string {
  return `$${usd.toFixed(usd > 0 && usd < 0.1 ? 4 : 2)}`
}

/** A running server replaces its snapshot: what is gone before it was looked at counts nothing. */
function bytesBelow(folder: string): number {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const file = lstatSync(join(folder, name), { throwIfNoEntry: false })
    return file?.isFile() ? file.size : 0
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}
