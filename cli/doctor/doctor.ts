// npm run doctor: one line per check, from the settings outwards to what a proxy makes of a stream.
import type { Config } from '../../core/config.ts'
import { findServer } from '../reader.ts'
import { checkConfiguration } from './configuration.ts'
import { describeGroup, type Finding, type Group } from './finding.ts'
import { checkFolders } from './folders.ts'
import { checkIndex } from './index-health.ts'
import { checkKeys } from './keys.ts'
import { checkEmbedder, checkGenerator, embedderOfSpace } from './models.ts'
import { checkStream } from './proxy.ts'
import { checkServer } from './server.ts'
import { examineStore, type Examined } from './store.ts'
import { checkWorkers } from './workers.ts'

type Options = { readonly json: boolean; readonly url: string | null }

/** The exit code: 1 when something must be changed. */
export async function doctor(
  env: Readonly<Record<string, string | undefined>>,
  { json, url }: Options,
  signal: AbortSignal,
): Promise<number> {
  const groups: Group[] = []
  for await (const group of examine(env, url, signal)) {
    groups.push(group)
    if (!json) process.stdout.write(describeGroup(group))
  }
  if (json) process.stdout.write(`${JSON.stringify({ checks: groups.flatMap(flat) }, null, 2)}\n`)
  else process.stdout.write(`\n${summary(groups)}\n`)
  return levels(groups, 'wrong') > 0 ? 1 : 0
}

/** In an order in which each group explains those after it. Those that wait for others are begun at once. */
async function* examine(
  env: Readonly<Record<string, string | undefined>>,
  url: string | null,
  signal: AbortSignal,
): AsyncGenerator<Group> {
  const { config, findings } = checkConfiguration(env)
  yield { name: 'configuration', findings }
  // Everything else depends on it.
  if (!config) return
  const model = checkGenerator(config, signal)
  const slack = lookAtSlack(config, signal)
  // Awaited further down, and not at all when the reader leaves before.
  for (const begun of [model, slack]) begun.catch(() => {})
  yield { name: 'folders', findings: await checkFolders(config) }
  const store = await examineStore(config, signal)
  try {
    yield { name: 'store', findings: store.findings }
    const { embedder, findings } = await checkEmbedder(config, signal)
    yield { name: 'embedder', findings }
    if (store.reader && store.stored?.library) {
      const searched = await embedderOfSpace(store.stored.library.space, config, signal)
      yield { name: 'index', findings: await checkIndex(store.reader, store.stored, embedder, signal, searched) }
    }
    yield* examineKeys(config, store)
    if (store.reader?.waiting && store.stored?.library)
      yield { name: 'workers', findings: [checkWorkers(await store.reader.waiting(), config)] }
    yield { name: 'model', findings: await model }
    if (config.slack) yield { name: 'slack', findings: await slack }
    yield* examineServer(config, store, url, signal)
  } finally {
    await store.reader?.close()
  }
}

/** Loaded when it is needed: Slack's package takes a tenth of a second. */
async function lookAtSlack({ slack }: Config, signal: AbortSignal): Promise<readonly Finding[]> {
  if (!slack) return []
  const { checkSlack } = await import('./slack.ts')
  return await checkSlack(slack, signal)
}

/** Only of a database of this version: others may know nothing of secrets. */
async function* examineKeys(config: Config, { reader, stored }: Examined): AsyncGenerator<Group> {
  if (reader?.misfits && stored?.library) yield { name: 'keys', findings: [await checkKeys(reader.misfits, config)] }
}

async function* examineServer(
  config: Config,
  { reader }: Examined,
  given: string | null,
  signal: AbortSignal,
): AsyncGenerator<Group> {
  const running = await findServer(config, reader, signal)
  yield { name: 'server', findings: await checkServer(config, running, signal) }
  const url = given ?? config.publicUrl ?? running
  if (url !== null) yield { name: 'stream', findings: await checkStream(url, running, signal) }
}

function flat({ name, findings }: Group): readonly (Finding & { readonly check: string })[] {
  return findings.map((finding) => ({ check: name, ...finding }))
}

function summary(groups: readonly Group[]): string {
  const [wrong, look] = [levels(groups, 'wrong'), levels(groups, 'look')]
  if (wrong > 0) return `${wrong} to change${look > 0 ? `, ${look} worth a look` : ''}.`
  return look > 0 ? `Nothing has to be changed, ${look} worth a look.` : 'Everything is fine.'
}

function levels(groups: readonly Group[], level: Finding['level']): number {
  return groups.flatMap(({ findings }) => findings).filter((finding) => finding.level === level).length
}
