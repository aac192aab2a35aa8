// The files of a git repository at one branch or tag: a local one is read where it lies, another is copied without its
// history into the data directory. A file that has the same hash in git is neither sent nor read again.
import { mkdir, realpath } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SourceError } from '../../core/errors.ts'
import { isAllowedHost, isGlobalAddress, notPublic, type Openings } from '../fetch/address.ts'
import type { Resolve } from '../fetch/connect.ts'
import { checkSize } from '../parse/decode.ts'
import { kindOf } from '../parse/kind.ts'
import { isChosen } from './choose.ts'
import { type Environment, type Git, openGit } from './git-command.ts'
import { audienceHint, type Listing } from './listing.ts'
import { hashOf, type Hints, type SourceEntry } from './source.ts'
import type { SpecOf } from './spec.ts'

export type GitDeps = {
  /** paths begin here */
  readonly folder: string
  /** copies lie below it */
  readonly dataDir: string
  readonly environment: Environment
  readonly openings: Openings
  readonly resolve: Resolve
}

/** A repository on disk, at a commit. */
type Checkout = { readonly git: Git; readonly folder: string; readonly commit: string; readonly url: URL | null }

export async function* listGit(spec: SpecOf<'git'>, deps: GitDeps, signal: AbortSignal): Listing {
  const checkout = await openCheckout(spec, deps, signal)
  const { git, folder, commit } = checkout
  const listed = await git(['-C', folder, 'ls-tree', '-r', '-z', '--long', '--full-tree', commit], signal)
  for (const line of listed.toString().split('\0')) {
    const file = /^(\d{6}) (\w+) ([0-9a-f]+) +(\d+|-)\t([^]+)$/.exec(line)
    if (!file) continue
    const [, mode = '', , blob = '', size = '', path = ''] = file
    // Links and submodules have no text of their own here.
    if (!mode.startsWith('100') || !isChosen(path, spec) || path.split('/').some((part) => part.startsWith('.')))
      continue
    const source = sourceOf(spec, checkout, path)
    if (kindOf(path) === null) yield { type: 'skipped', source, reason: 'files of this ending cannot be read' }
    else
      yield {
        type: 'entry',
        entry: fileEntry(source, { blob, size: Number(size) }, hintsOf(spec, checkout, path), checkout),
      }
  }
  return true
}

function fileEntry(
  source: string,
  { blob, size }: { readonly blob: string; readonly size: number },
  hints: Hints,
  { git, folder }: Checkout,
): SourceEntry {
  return {
    source,
    async load(seen, signal) {
      if (seen?.commit === blob) return 'unchanged'
      checkSize(source, size)
      const bytes = await git(['-C', folder, 'cat-file', 'blob', blob], signal)
      if (bytes.subarray(0, 40).toString().startsWith('version https://git-lfs.github.com/'))
        throw new SourceError(
          'not-stored',
          source,
          `${source} lies in Git LFS, which is not read: learn it from a folder`,
        )
      return { bytes, mediaType: null, seen: { commit: blob, hash: hashOf(bytes) }, hints }
    },
  }
}

async function openCheckout(spec: SpecOf<'git'>, deps: GitDeps, signal: AbortSignal): Promise<Checkout> {
  const { repository } = spec
  const url = /^[a-z][a-z+.-]*:\/\//i.test(repository) ? remoteUrl(repository) : null
  const protocol = url?.protocol.slice(0, -1) ?? 'file'
  const folder = url ? copyFolder(url, spec, deps) : await localFolder(repository, deps.folder)
  const git = openGit(repository, deps.environment, protocol, dirname(folder))
  if (url) await copy(url, folder, spec, git, deps, signal)
  const ref = url ? COPIED : spec.ref
  const found = await git(['-C', folder, 'rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], signal)
  return { git, folder, commit: found.toString().trim(), url }
}

async function localFolder(repository: string, base: string): Promise<string> {
  // `git@host:path` is no path, and no URL either.
  if (/^[^/\\]+@[^/\\]+:/.test(repository))
    throw refused(repository, `write it as ssh://${repository.replace(':', '/')}`)
  const folder = resolve(base, repository)
  try {
    return await realpath(folder)
  } catch (cause) {
    throw new SourceError('unreadable', repository, `${repository} does not exist: check the path`, { cause })
  }
}

function remoteUrl(repository: string): URL {
  const url = URL.parse(repository)
  if (!url || !['https:', 'ssh:', 'file:'].includes(url.protocol))
    throw refused(repository, 'repositories are read by https, ssh or from a path')
  if (url.password !== '' || (url.protocol === 'https:' && url.username !== ''))
    throw refused(url.host + url.pathname, 'take the password out of the URL: git finds it in its credential store')
  return url
}

function refused(repository: string, sentence: string): SourceError {
  return new SourceError('refused-url', repository, `${repository} is not read: ${sentence}`)
}

// Where the copy keeps what was asked for, whatever it is called there.
const COPIED = 'refs/footnote/copied'

function copyFolder(url: URL, { ref }: SpecOf<'git'>, { dataDir }: GitDeps): string {
  return resolve(dataDir, 'git', hashOf(Buffer.from(`${url.href}\0${ref}`)).slice(0, 16))
}

/** Only commits that are not there yet are sent, without what came before them. */
async function copy(
  url: URL,
  folder: string,
  { ref }: SpecOf<'git'>,
  git: Git,
  deps: GitDeps,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await git(['init', '--quiet', '--bare', '--template=', folder], signal)
  const pinned = await pin(url, deps)
  const options = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']
  await git(['-C', folder, ...pinned, 'fetch', ...options, '--end-of-options', url.href, `+${ref}:${COPIED}`], signal)
}

/** git looks names up itself; over https it is told the addresses that were checked. */
async function pin(url: URL, { openings, resolve }: GitDeps): Promise<string[]> {
  if (url.protocol === 'file:') return []
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = await resolve(literal).catch(() => [])
  const found = addresses.find((address) => !isGlobalAddress(address))
  if (!isAllowedHost(url, openings)) {
    if (url.protocol === 'https:' && url.port !== '') throw refused(url.href, `name ${url.host} under allowHosts`)
    if (found !== undefined) throw refused(url.href, `it ${notPublic(found, url.host)}`)
    if (addresses.length === 0)
      throw new SourceError('unreachable', url.href, `${url.href} has a host that is not known`)
  }
  if (url.protocol !== 'https:' || addresses.length === 0) return []
  const listed = addresses.map((address) => (address.includes(':') ? `[${address}]` : address)).join(',')
  return ['-c', `http.curloptResolve=${url.hostname}:${url.port || '443'}:${listed}`, '-c', 'http.proxy=']
}

function sourceOf({ repository }: SpecOf<'git'>, { url }: Checkout, path: string): string {
  return url ? `${plainRepository(url)}/${path}` : `${repository.replace(/\/+$/, '')}/${path}`
}

function plainRepository(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '').replace(/\.git$/, '')}`
}

/** Where readers can open it, for the two hosts whose addresses are known. */
function hintsOf(spec: SpecOf<'git'>, { url, commit }: Checkout, path: string): Hints {
  const hints = { ...audienceHint(spec), fileName: path.split('/').at(-1) ?? path }
  const middle = url?.hostname === 'github.com' ? 'blob' : url?.hostname === 'gitlab.com' ? '-/blob' : null
  if (!url || middle === null) return hints
  const ref = spec.ref === 'HEAD' ? commit : spec.ref
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return {
    ...hints,
    url: `https://${url.hostname}${new URL(plainRepository(url)).pathname}/${middle}/${ref}/${encoded}`,
  }
}
