// Keys of kept answers: another key whenever an answer could be another.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashFolder, hashProduct } from '../../eval/cache.ts'
import { folderOfFile } from '../support/folder.ts'

let folder: string
let library: string
beforeEach(async () => {
  folder = await folderOfFile()
  library = join(folder, 'library')
  await mkdir(library)
  await writeFile(join(library, 'a.md'), 'Bread needs flour.')
})

describe('the hash of a library', () => {
  it('knows the words of documents that are links, and of folders that are', async () => {
    await mkdir(join(folder, 'more'))
    for (const name of ['more/b.md', 'c.md']) await writeFile(join(folder, name), 'Redis keeps 7 counts.')
    await symlink('../c.md', join(library, 'c.md'))
    await symlink('../more', join(library, 'more'))
    const hashes = [await hashFolder(library)]
    for (const name of ['c.md', 'more/b.md']) {
      await writeFile(join(folder, name), 'Redis keeps 9 counts.')
      hashes.push(await hashFolder(library))
    }
    expect(new Set(hashes).size).toBe(3)
  })

  it('is the same however the folder is written', async () => {
    const here = relative(process.cwd(), library)
    const hashes = [library, `${library}/`, here, `./${here}`, `${here}/`]
    expect(new Set(await Promise.all(hashes.map(async (path) => await hashFolder(path)))).size).toBe(1)
  })

  it('is none of a folder that is not there, or has nothing to learn', async () => {
    await expect(hashFolder(join(folder, 'nolib'))).rejects.toThrow('nolib cannot be read')
    await mkdir(join(folder, 'empty'))
    await expect(hashFolder(join(folder, 'empty'))).rejects.toThrow('empty holds no document to learn')
  })
})

describe('the hash of the product', () => {
  it.each(['server/answer/cite.ts', 'eval/pipeline.ts', 'eval/asking.ts', 'eval/command.ts', 'package-lock.json'])(
    'is another when %s is',
    async (file) => {
      await mkdir(join(folder, file, '..'), { recursive: true })
      await writeFile(join(folder, file), '1')
      const before = await hashProduct(folder)
      await writeFile(join(folder, file), '2')
      expect(await hashProduct(folder)).not.toBe(before)
    },
  )
})
