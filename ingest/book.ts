// sources.yaml while the program runs: read whenever it is asked for, so that a change counts without a restart, and
// opened once for each of its texts. Nothing of it is loaded where there is no such file.
import { lstat, readFile } from 'node:fs/promises'
import { ConfigError, InputError } from '../core/errors.ts'
import type { Owners } from './changes.ts'
import type { Openings } from './fetch/address.ts'
import type { Fetcher } from './fetch/fetch.ts'
import type { OriginDeps, Origins } from './source/origins.ts'
import type { Origin } from './source/source.ts'
import type { SourceSpec } from './source/spec.ts'
import type { SourcesFile } from './sources-file.ts'

export type Book = {
  readonly path: string
  /** The sources that are described; null: there is no file. Throws ConfigError. */
  specs(): Promise<readonly SourceSpec[] | null>
  /** Those with these names, all of them that can be read unasked without names. Throws ConfigError or InputError. */
  origins(names: readonly string[]): Promise<readonly Origin[]>
  owners(): Promise<Owners>
  /** For pages that somebody names: no private host is open to it, whatever the file opens for sources. */
  fetcher(): Promise<Fetcher>
  close(): void
}

export type BookOptions = {
  readonly path: string
  /** false: it is where the file is by default, and there need not be one */
  readonly isSet: boolean
  readonly deps: () => OriginDeps
  /** of pages that somebody names: none. Tests have no hosts but their own machine */
  readonly openings?: Openings
}

export function openBook({ path, isSet, deps, openings }: BookOptions): Book {
  let last: { readonly text: string; readonly file: Promise<SourcesFile> } | null = null
  let opened: { readonly file: SourcesFile; readonly origins: Origins } | null = null
  let fetcher: Fetcher | null = null
  const read = async (): Promise<SourcesFile | null> => {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text === null && !isSet && (await isMissing(path))) return null
    if (text === null || last?.text !== text) last = { text: text ?? '', file: parseFile(path) }
    return await last.file
  }
  const open = async (file: SourcesFile): Promise<Origins> => {
    if (opened?.file === file) return opened.origins
    const { openOrigins } = await import('./source/origins.ts')
    // Not closed: a sync may still read by the one before. Its idle connections end by themselves.
    opened = { file, origins: openOrigins(file, deps()) }
    return opened.origins
  }
  return {
    path,
    specs: async () => (await read())?.sources ?? null,
    origins: async (names) => {
      const file = await read()
      return file ? chosen((await open(file)).origins, names, path) : chosen([], names, path)
    },
    owners: async () => {
      try {
        return new Map((await read())?.sources.map(({ name, audience }) => [name, audience]))
      } catch (error) {
        if (error instanceof ConfigError) return 'unknown'
        throw error
      }
    },
    fetcher: async () => {
      const { openFetcher } = await import('./fetch/fetch.ts')
      const { publicUrl, resolve, limits = {}, sharedTurns } = deps()
      fetcher ??= openFetcher({
        publicUrl,
        limits,
        sharedTurns,
        ...(resolve && { resolve }),
        ...(openings && { openings }),
      })
      return fetcher
    },
    close: () => {
      opened?.origins.close()
      fetcher?.close()
    },
  }
}

/** Of libraries that are made of files and uploads alone. */
export const noBook: Book = openBook({
  path: '',
  isSet: false,
  deps: () => ({ publicUrl: null, dataDir: '', environment: {}, input: null }),
})

/** Not there, other than what may not be read. */
async function isMissing(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => false,
    () => true,
  )
}

async function parseFile(path: string): Promise<SourcesFile> {
  const { readSourcesFile } = await import('./sources-file.ts')
  return await readSourcesFile(path)
}

function chosen(origins: readonly Origin[], names: readonly string[], path: string): readonly Origin[] {
  // Nobody pipes anything into a server that starts.
  if (names.length === 0) return origins.filter(({ kind }) => kind !== 'stdin')
  return names.map((name) => {
    const origin = origins.find((each) => each.name === name)
    if (origin) return origin
    const known = origins.map((each) => each.name).join(', ') || 'none'
    throw new InputError(
      'unknown-source',
      `${path} describes no source ${JSON.stringify(name)} (there are: ${known}).`,
      'sources',
    )
  })
}
