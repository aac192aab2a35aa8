// A library as large as asked for, out of a small one: copies of its files, their sections in another order each time.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { InputError } from '../../core/errors.ts'
import type { SearchStore } from '../../core/ports.ts'
import { random as randomFrom } from '../stats.ts'

type LibraryFile = { readonly path: string; readonly text: string }

type Growing = {
  readonly learn: (library: string, paths: readonly string[], how: { readonly quiet: true }) => Promise<unknown>
  readonly search: SearchStore
  readonly say: (line: string) => void
}

/** Learns shuffled copies of the library's folder until it has that many chunks. */
export async function enlarge(wanted: number, folder: string, library: string, { learn, search, say }: Growing) {
  const files = await readLibrary(folder)
  const bytes = files.reduce((sum, { text }) => sum + text.length, 0)
  const into = await mkdtemp(join(tmpdir(), 'footnote-bench-'))
  const began = performance.now()
  try {
    let { chunks } = await search.state(library)
    for (let copy = 1; chunks < wanted; copy++) {
      const copied = join(into, String(copy))
      await writeCopy(files, copy, copied)
      await learn(library, [copied], { quiet: true })
      const before = chunks
      chunks = (await search.state(library)).chunks
      if (chunks === before) throw new InputError('bad-library', `${folder} gives no chunks to repeat.`)
      const speed = (bytes * copy) / 1e6 / ((performance.now() - began) / 1000)
      if (copy % 10 === 0 || chunks >= wanted)
        say(`${chunks} of ${wanted} chunks, ${copy} copies, ${speed.toFixed(2)} MB/s`)
    }
  } finally {
    await rm(into, { recursive: true, force: true })
  }
}

/** Every file of a folder. Bytes stand for characters: what is no UTF-8 comes through as it was. */
async function readLibrary(folder: string): Promise<LibraryFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return await Promise.all(
    paths.sort().map(async (path) => ({ path: path.slice(folder.length), text: await readFile(path, 'latin1') })),
  )
}

/** Writes the n-th copy of the library into `folder`: the same for the same n. */
async function writeCopy(files: readonly LibraryFile[], n: number, folder: string): Promise<void> {
  const random = randomFrom(n)
  for (const { path, text } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), shuffled(sectionsOf(text), random).join('\n\n'), 'latin1')
  }
}

/** Cut before every heading, or at blank lines where there are none. */
function sectionsOf(text: string): string[] {
  const sections = text.split(/\n(?=#{1,6} )/)
  return sections.length > 1 ? sections : text.split(/\n\s*\n/)
}

/** Fisher–Yates. */
function shuffled(sections: readonly string[], random: () => number): string[] {
  const order = [...sections]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other] ?? '', order[last] ?? '']
  }
  return order
}
