// What the words of npm run ingest mean: sources of sources.yaml by their names, or files and folders.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from '../core/config.ts'
import { InputError } from '../core/errors.ts'
import { type Book, openBook } from '../ingest/book.ts'
import { commands } from './usage.ts'

/** As POST /v1/ingest takes them. */
export type Targets = { readonly paths: readonly string[]; readonly sources?: readonly string[] }

/** Without words all sources; a plan without them and without sources.yaml is of LIBRARY_DIR. Throws ConfigError or InputError. */
export async function targetsOf(words: readonly string[], isPlan: boolean, config: Config): Promise<Targets> {
  const names = await namesIn(config, words)
  if (words.length > 0) {
    const sources = words.filter((word) => names?.includes(word))
    const others = words.filter((word) => !sources.includes(word))
    if (names !== null && names.length > 0) refuseMistyped(others, names, config.sources)
    const paths = others.map(absolute)
    return sources.length > 0 ? { paths, sources } : { paths }
  }
  if (names !== null) return { paths: [], sources: [] }
  if (isPlan) return { paths: [absolute(config.libraryDir)] }
  throw new InputError('usage', `${config.sources} is not there: name a folder or a file.\n\n${commands.ingest.help}`)
}

/** A word with a slash was meant as a path: that it is not there is said of it, and the rest is learned. */
function refuseMistyped(words: readonly string[], names: readonly string[], file: string): void {
  const word = words.find((each) => !/[/\\]/.test(each) && !existsSync(each))
  if (word === undefined) return
  const known = names.join(', ')
  throw new InputError(
    'unknown-source',
    `${JSON.stringify(word)} is neither a source of ${file} (there are: ${known}) nor a file or folder here: nothing was learned.`,
  )
}

/** Names of the sources; null: there is no such file, or nothing that is asked for is in it. */
async function namesIn(config: Config, words: readonly string[]): Promise<string[] | null> {
  // Files can be learned whatever state sources.yaml is in.
  if (words.length > 0 && words.every((word) => existsSync(word) && /[/\\.]/.test(word))) return null
  const specs = await sourcesBook(config).specs()
  return specs?.map(({ name }) => name) ?? null
}

/** What is described, to be looked at: nothing is read by it. */
export function sourcesBook({ sources: path, sourcesIsSet: isSet, dataDir }: Config): Book {
  return openBook({ path, isSet, deps: () => ({ publicUrl: null, dataDir, environment: {}, input: null }) })
}

/** The server may have been started in another folder. */
function absolute(path: string): string {
  return resolve(path)
}
