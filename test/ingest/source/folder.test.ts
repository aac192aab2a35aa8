// Files and folders on a real disk: what is found, what it is called, what is refused.
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_SOURCE_BYTES } from '../../../ingest/parse/decode.ts'
import { findFiles, readSource } from '../../../ingest/source/folder.ts'

const { signal } = new AbortController()
let root = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'footnote-folder-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function put(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true })
    await writeFile(path.join(root, name), `text of ${name}`)
  }
}

const file = (name: string) => ({ source: name, path: path.join(root, name) })
const below = (sources: readonly { source: string }[]) => sources.map(({ source }) => source.replace(`${root}/`, ''))

describe('findFiles', () => {
  test('walks folders in one order on every machine', async () => {
    await put('b.md', 'a/z.txt', 'a/B.html', 'Z.md', 'a.md')
    const found = await findFiles([root], signal)
    expect(below(found.files)).toEqual(['Z.md', 'a.md', 'a/B.html', 'a/z.txt', 'b.md'])
  })

  test('skips dotfiles, dot-folders and node_modules without a word', async () => {
    await put('.hidden.md', '.git/x.md', 'node_modules/p/readme.md', 'a.md')
    const found = await findFiles([root], signal)
    expect(below(found.files)).toEqual(['a.md'])
    expect(found.skipped).toEqual([])
  })

  test('says which files of a folder it cannot read', async () => {
    await put('a.md', 'b.png', 'Makefile')
    const found = await findFiles([root], signal)
    expect(below(found.skipped)).toEqual(['Makefile', 'b.png'])
    expect(found.skipped.map(({ reason }) => reason)).toEqual(['no file ending', expect.stringContaining('.png')])
    expect(found.faults).toEqual([])
  })

  test('always tries a file that was named', async () => {
    await put('b.png', '.c.md')
    const found = await findFiles([path.join(root, 'b.png'), path.join(root, '.c.md')], signal)
    expect(below(found.files)).toEqual(['.c.md', 'b.png'])
  })

  test('names a path that does not exist and goes on', async () => {
    await put('a.md')
    const found = await findFiles([path.join(root, 'missing'), root], signal)
    expect(below(found.files)).toEqual(['a.md'])
    expect(found.faults).toMatchObject([{ code: 'unreadable', source: path.join(root, 'missing') }])
    expect(found.faults[0]?.message).toContain('does not exist')
  })

  test('takes each file once, however it is reached, by its real name', async () => {
    await put('real/a.md')
    await symlink(path.join(root, 'real'), path.join(root, 'alias'))
    await symlink(path.join(root, 'real/a.md'), path.join(root, 'again.md'))
    const found = await findFiles([root, path.join(root, 'real'), path.join(root, 'real/a.md')], signal)
    expect(below(found.files)).toEqual(['real/a.md'])
  })

  test('ends at links that lead in circles, and reports links to nothing', async () => {
    await put('a/b/c.md')
    await symlink(root, path.join(root, 'a/b/up'))
    await symlink(path.join(root, 'nowhere'), path.join(root, 'a/broken.md'))
    await symlink(path.join(root, 'self'), path.join(root, 'self'))
    const found = await findFiles([root], signal)
    expect(below(found.files)).toEqual(['a/b/c.md'])
    expect(below(found.skipped)).toEqual(['a/broken.md', 'self'])
  })

  test('an attack: names links that lead out of the folder, and follows none', async () => {
    await put('in/a.md', 'in/.held/c.md', 'inside/b.md')
    const link = async (to: string, name: string) => await symlink(path.join(root, to), path.join(root, 'in', name))
    await link('inside', 'folder')
    await link('inside/b.md', 'file.md')
    await link('in/folder', 'twice')
    await link('in/.held', 'held')
    const found = await findFiles([path.join(root, 'in')], signal)
    expect(below(found.files)).toEqual(['in/a.md', 'in/held/c.md'])
    expect(below(found.skipped)).toEqual(['in/file.md', 'in/folder', 'in/twice'])
    expect(found.skipped[0]?.reason).toBe(
      `a link out of the folder, to ${root}/inside/b.md: name that itself, or copy it here`,
    )
  })

  test('follows a link that is named itself, and one to another folder that is', async () => {
    await put('in/a.md', 'out/b.md')
    await symlink(path.join(root, 'in'), path.join(root, 'current'))
    await symlink(path.join(root, 'out'), path.join(root, 'in/linked'))
    const found = await findFiles([path.join(root, 'current'), path.join(root, 'out')], signal)
    expect(below(found.files)).toEqual(['current/a.md', 'out/b.md'])
    expect(found.skipped).toEqual([])
  })

  test('names a file below the working directory by its relative path, any other by its whole path', async () => {
    await put('a.md')
    expect((await findFiles(['package.json'], signal)).files[0]?.source).toBe('package.json')
    expect((await findFiles(['test/../core/types.ts'], signal)).files[0]?.source).toBe('core/types.ts')
    expect((await findFiles([path.join(root, 'a.md')], signal)).files[0]?.source).toBe(`${root}/a.md`)
  })

  test('stops when told to', async () => {
    await expect(findFiles([root], AbortSignal.abort())).rejects.toThrow('aborted')
  })
})

describe('readSource', () => {
  test('gives the bytes', async () => {
    await put('a.md')
    expect(new TextDecoder().decode(await readSource(file('a.md'), signal))).toBe('text of a.md')
  })

  test('refuses a file that is too large before reading it', async () => {
    await put('a.md')
    await truncate(path.join(root, 'a.md'), MAX_SOURCE_BYTES + 1)
    await expect(readSource(file('a.md'), signal)).rejects.toMatchObject({ code: 'too-large', source: 'a.md' })
  })

  test('names a file that went away and a folder in its place', async () => {
    await put('d/a.md')
    await expect(readSource(file('gone.md'), signal)).rejects.toMatchObject({ code: 'unreadable', source: 'gone.md' })
    await expect(readSource(file('d'), signal)).rejects.toThrow('is a folder')
  })

  test('passes an abort on as it is', async () => {
    await put('a.md')
    await expect(readSource(file('a.md'), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})
