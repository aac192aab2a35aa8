// npm run eval: questions over a library, answered by the real pipeline or by a server, as one run.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { InputError } from '../core/errors.ts'
import { type Asking, askAll, type Surface } from './asking.ts'
import { hashCase } from './asked.ts'
import { type Cache, freshCache, hashFolder, hashOf, hashProduct, openCache } from './cache.ts'
import { halfOf, type Learn, type Options, type Paths, readCount, readDocuments, readSize, say } from './command.ts'
import { htmlOf } from './html/page.ts'
import { openServer } from './http.ts'
import { openShelf } from './outcome.ts'
import { openPipeline } from './pipeline.ts'
import { showQuestions } from './progress.ts'
import { type Case, readCases } from './questions.ts'
import { newRun, type Run, writeRun, writeWhole } from './record.ts'
import { differencesOf } from './served.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const RUNS = join('eval', 'runs')
// The embedded database answers one query at a time: 253 questions took 10.7 s one by one, 9.7 s two and 9.8 s four at
// once, and the time of each doubled with them. A server, with a model behind it, has more to do at once.
const PARALLEL = { pipeline: '1', server: '4' }

/** Writes the run, and a page of it to look at beside it. Gives the file of the run. */
export async function keepRun(run: Run, options: Options): Promise<string> {
  const file = options.run ?? join(RUNS, `${run.name}.json`)
  await writeRun(file, run)
  const page = `${file.replace(/\.json$/, '')}.html`
  await writeWhole(page, htmlOf(run, null))
  say(`The run is in ${file}, as a page in ${page}`)
  return file
}

export async function runSet(paths: Paths, options: Options, learn: Learn, signal: AbortSignal): Promise<Run> {
  const cases = select(await readCases(paths.set, paths.library), options)
  const { set, library, product } = await hashAll(paths)
  const chosen = keepDefined(options, ['half', 'only', 'sample', 'seed', 'size', 'url'])
  const progress = showQuestions(cases.length)
  const asking: Asking = {
    open: async () => await openSurface(paths, library, options, learn, signal),
    cache: cacheOf(options),
    keyOf: (test) => hashOf([product, process.version, library, options.size ?? '', hashCase(test)].join(' ')),
    parallel: readCount('parallel', options.parallel ?? PARALLEL[options.url ? 'server' : 'pipeline']),
    progress,
  }
  const results = await askAll(cases, asking, signal).finally(progress.stop)
  const what = hashOf(JSON.stringify([set, library, product, chosen])).slice(0, 12)
  return newRun({
    name: `${basename(paths.set).replace(/\.jsonl$/, '')}-${what}`,
    set: { file: paths.set, hash: set },
    // Which code and which documents a server has, it does not say.
    library: { folder: paths.library, hash: options.url ? null : library },
    environment: {
      node: process.version,
      commit: options.url ? null : await readCommit(),
      product: options.url ? null : product,
    },
    options: chosen,
    ...results,
  })
}

/** Throws InputError when no question is left. */
export function select(cases: readonly Case[], { half, only, sample, seed = '1' }: Options): Case[] {
  if (half !== undefined && half !== 'a' && half !== 'b')
    throw new InputError('usage', `--half is ${JSON.stringify(half)}: give a or b.`)
  const kind = only?.replace(/^kind=/, '')
  const chosen = cases.filter((test) => (!half || halfOf(test.id) === half) && (!kind || test.kind === kind))
  if (chosen.length === 0) {
    const kinds = [...new Set(cases.map((test) => test.kind))].sort().join(', ')
    throw new InputError('usage', `There is no such question. The kinds of this set are: ${kinds}.`)
  }
  if (sample === undefined) return chosen
  // By the hash of each id: a question that is added to the set leaves the others where they were.
  const drawn = chosen.toSorted((a, b) => compareText(hashOf(`${seed} ${a.id}`), hashOf(`${seed} ${b.id}`)))
  const kept = new Set(drawn.slice(0, readCount('sample', sample)))
  return chosen.filter((test) => kept.has(test))
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : 1
}

/** What another machine answers with is not known here, so nothing of it is kept. */
function cacheOf({ url, fresh, cache: folder = join(RUNS, 'cache') }: Options): Cache {
  if (url) return freshCache()
  const cache = openCache(folder)
  return fresh ? freshCache(cache) : cache
}

async function openSurface(
  { library: folder }: Paths,
  hash: string,
  { url, key, size, fresh = false }: Options,
  learn: Learn,
  signal: AbortSignal,
): Promise<Surface> {
  if (url) {
    const server = await openServer({ url, key, isFresh: fresh }, folder, signal)
    // Learned once more: what a file says is known only of what was parsed.
    const learned = await readDocuments('served', folder, learn)
    const here = await openShelf(folder, { all: async () => await Promise.resolve(learned), find: nothing }, signal)
    const differences = differencesOf(here.texts, server.shelf.texts)
    if (differences) say(`${url} has not learned ${folder} as it is here: ${differences}.`)
    return server
  }
  // In a database that stays, one library for each state of the folder, as what is gone from it would still answer,
  // and one for each size, as what was cut to another would count as unchanged.
  const library = ['eval', hash.slice(0, 12), ...(size ? [readSize(size)] : [])].join('-')
  const deps = await learn(library, [folder], size ? { chunkSize: readSize(size) } : {})
  return await openPipeline(library, folder, deps, signal)
}

async function nothing(): Promise<null> {
  return await Promise.resolve(null)
}

async function hashAll({ set, library }: Paths) {
  const [product, folder, questions] = await Promise.all([hashProduct(root), hashFolder(library), readFile(set)])
  return { product, library: folder, set: hashOf(questions) }
}

function keepDefined(options: Options, names: readonly ('half' | 'only' | 'sample' | 'seed' | 'size' | 'url')[]) {
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))
}

/** null where there is no git, or no repository: as in a container. */
async function readCommit(): Promise<string | null> {
  const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: root }).catch(() => ({
    stdout: '',
  }))
  return stdout.trim() || null
}
