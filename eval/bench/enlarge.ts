// A library as large as asked for, out of a small one: copies of its files, their sections in another order each time.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomFrom } from './random.ts'

export type LibraryFile = { readonly path: string; readonly text: string }

/** Every file of a folder. Bytes stand for characters: what is no UTF-8 comes through as it was. */
export async function readLibrary(folder: string): Promise<LibraryFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return await Promise.all(
    paths.sort().map(async (path) => ({ path: path.slice(folder.length), text: await readFile(path, 'latin1') })),
  )
}

/** Writes the n-th copy of the library into `folder`: the same for the same n. */
export async function writeCopy(files: readonly LibraryFile[], n: number, folder: string): Promise<void> {
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
