// What sources.yaml describes, as origins that can be listed.
import type { Readable } from 'node:stream'
import type { Openings } from '../fetch/address.ts'
import { type Resolve, resolveBySystem } from '../fetch/connect.ts'
import { type Fetcher, type FetcherOptions, openFetcher } from '../fetch/fetch.ts'
import type { SourcesFile } from '../sources-file.ts'
import { listCrawl } from './crawl.ts'
import { listFeed } from './feed.ts'
import { listFolder } from './folder-origin.ts'
import { listGit } from './git.ts'
import type { Environment } from './git-command.ts'
import { ended, type Listing } from './listing.ts'
import { listRows } from './rows.ts'
import { listSitemap } from './sitemap.ts'
import type { Origin, OriginMemory } from './source.ts'
import type { SourceSpec } from './spec.ts'
import { listInput } from './stdin.ts'
import { listUrls } from './url-origin.ts'

export type OriginDeps = {
  readonly publicUrl: string | null
  readonly dataDir: string
  /** what git gets its PATH, HOME and keys from */
  readonly environment: Environment
  /** null: nobody pipes anything in */
  readonly input: Readable | null
  readonly resolve?: Resolve
  readonly limits?: FetcherOptions['limits']
  readonly sharedTurns?: FetcherOptions['sharedTurns']
}

export type Origins = {
  readonly origins: readonly Origin[]
  /** Ends kept connections. Nothing can be loaded afterwards. */
  readonly close: () => void
}

/** Nothing is read before an origin is listed. All of them share one fetcher, so that hosts are spared together. */
export function openOrigins(file: SourcesFile, deps: OriginDeps): Origins {
  const { publicUrl, resolve = resolveBySystem, limits = {}, sharedTurns } = deps
  const fetcher = openFetcher({ publicUrl, openings: openingsOf(file), resolve, limits, sharedTurns })
  const origins = file.sources.map((spec): Origin => {
    const { name, kind, schedule, audience } = spec
    const list = (memory: OriginMemory, signal: AbortSignal) =>
      ended(listingOf(spec, file, { ...deps, resolve }, fetcher, memory, signal), signal)
    return { name, kind, schedule, audience, list }
  })
  return { origins, close: fetcher.close }
}

function listingOf(
  spec: SourceSpec,
  file: SourcesFile,
  deps: OriginDeps & { readonly resolve: Resolve },
  fetcher: Fetcher,
  memory: OriginMemory,
  signal: AbortSignal,
): Listing {
  const { folder } = file
  switch (spec.kind) {
    case 'folder':
      return listFolder(spec, folder, signal)
    case 'url':
      return listUrls(spec, fetcher)
    case 'sitemap':
      return listSitemap(spec, fetcher, memory, signal)
    case 'feed':
      return listFeed(spec, fetcher, memory, signal)
    case 'crawl':
      return listCrawl(spec, fetcher, memory, signal)
    case 'git':
      return listGit(spec, { ...deps, folder, openings: openingsOf(file) }, signal)
    case 'jsonl':
    case 'csv':
      return listRows(spec, folder, signal)
    case 'stdin':
      return listInput(spec, deps.input)
    default:
      return spec satisfies never
  }
}

function openingsOf({ allowHosts, allowPorts }: SourcesFile): Openings {
  return { hosts: allowHosts, ports: allowPorts }
}
