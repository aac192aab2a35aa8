// Folders, repositories, rows and standard input: what is named, loaded, unchanged and refused.
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { MAX_SOURCE_BYTES } from '../../../ingest/parse/decode.ts'
import { openOrigins } from '../../../ingest/source/origins.ts'
import { parseSources } from '../../../ingest/sources-file.ts'
import { folderOfFile } from '../../support/folder.ts'
import { hintsOf, type Listed, listAndLoad, memoryOf, seenOf, textOf } from '../../support/listed.ts'

const { signal } = new AbortController()
const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' }
let root = ''
beforeEach(async () => {
  root = await folderOfFile()
})

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

async function list(
  fields: Readonly<Record<string, unknown>>,
  { before, input = [], env = environment }: { before?: Listed; input?: string[]; env?: typeof environment } = {},
): Promise<Listed> {
  const file = { ...parseSources(JSON.stringify({ sources: [{ name: 'one', ...fields }] }), 's.yaml'), folder: root }
  const deps = { publicUrl: null, dataDir: join(root, 'data'), environment: env, input: Readable.from(input) }
  const { origins, close } = openOrigins(file, deps)
  try {
    return await listAndLoad(origins[0]!, memoryOf(), before ? seenOf(before) : new Map(), signal)
  } finally {
    close()
  }
}

const below = (listed: Listed) => listed.sources.map((source) => source.replace(`${root}/`, ''))

describe('a folder', () => {
  it('says which links out of it are not followed, whatever was chosen but not what was left out', async () => {
    await put({ 'lib/a.md': 'A', 'lib/drafts/b.md': 'B', 'else/c.md': 'C' })
    for (const name of ['linked', 'drafts/d.md', 'e.md'])
      await symlink(join(root, name === 'linked' ? 'else' : 'else/c.md'), join(root, 'lib', name))
    const listed = await list({ kind: 'folder', path: 'lib', include: ['**/*.md'], exclude: ['drafts/**'] })
    expect(below(listed)).toEqual(['lib/a.md'])
    expect(listed.skipped.map((each) => each.replaceAll(`${root}/`, ''))).toEqual([
      expect.stringMatching(/^lib\/e.md: a link out of the folder, to else\/c.md/),
      expect.stringMatching(/^lib\/linked: a link out of the folder/),
    ])
  })

  it('names what is chosen below it, and reads again only what changed', async () => {
    await put({ 'lib/a.md': 'A', 'lib/drafts/b.md': 'B', 'lib/sub/c.txt': 'C', 'lib/sub/d.html': 'D' })
    const fields = {
      kind: 'folder',
      path: 'lib',
      include: ['**/*.md', '**/*.txt'],
      exclude: ['drafts/**'],
      audience: ['ops'],
    }
    const first = await list(fields)
    expect(below(first)).toEqual(['lib/a.md', 'lib/sub/c.txt'])
    expect(first).toMatchObject({ faults: [], complete: true })
    expect(hintsOf(first, first.sources[0]!)).toEqual({ audience: ['ops'] })
    await put({ 'lib/a.md': 'A2' })
    const second = await list(fields, { before: first })
    expect([...second.loaded.values()].map((each) => typeof each)).toEqual(['object', 'string'])
    expect(textOf(second, second.sources[0]!)).toBe('A2')
  })

  it('that is not there takes nothing for gone', async () => {
    const listed = await list({ kind: 'folder', path: 'missing' })
    expect(listed).toMatchObject({ sources: [], faults: [expect.stringContaining('does not exist')], complete: false })
  })
})

const jsonl = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n')

describe('rows', () => {
  it('of JSON lines are documents by their columns', async () => {
    await put({
      'faq.jsonl': jsonl(
        {
          slug: 'a',
          name: 'First',
          body: '# One',
          link: 'https://example.com/a',
          date: '2021-03-04',
          by: ['Ada', { name: 'Ben' }],
          teams: ['#Ops'],
        },
        { slug: 'b', body: 'Two', by: 'Ada; Ben', teams: 'ops, sales' },
      ),
    })
    const columns = {
      id: 'slug',
      title: 'name',
      text: 'body',
      url: 'link',
      published_at: 'date',
      authors: 'by',
      audience: 'teams',
    }
    const fields = { kind: 'jsonl', path: 'faq.jsonl', columns, format: 'markdown' }
    const first = await list(fields)
    expect(first).toMatchObject({ sources: ['faq.jsonl#a', 'faq.jsonl#b'], faults: [], complete: true })
    expect(textOf(first, 'faq.jsonl#a')).toBe('# One')
    expect(first.loaded.get('faq.jsonl#a')).toMatchObject({
      mediaType: 'text/markdown; charset=utf-8',
      hints: {
        title: 'First',
        url: 'https://example.com/a',
        publishedAt: '2021-03-04',
        authors: ['Ada', 'Ben'],
        audience: ['ops'],
      },
    })
    expect(hintsOf(first, 'faq.jsonl#b')).toMatchObject({ authors: ['Ada', 'Ben'], audience: ['ops', 'sales'] })
    expect([...(await list(fields, { before: first })).loaded.values()]).toEqual(['unchanged', 'unchanged'])
  })

  it('that cannot be read are named by their line, and nothing is said to be gone', async () => {
    await put({
      'x.jsonl': `{"id":1,"text":"fine"}\nnonsense\n[1]\n{"id":2}\n{"id":1,"text":"again"}\n{"id":3,"text":"x","audience":7}`,
    })
    const listed = await list({ kind: 'jsonl', path: 'x.jsonl' })
    expect(listed).toMatchObject({ sources: ['x.jsonl#1', 'x.jsonl#3'], complete: false })
    // Its fault is the document's, so that a copy that was learned before is closed.
    expect(listed.loaded.get('x.jsonl#3')).toBe('bad-audience')
    expect(listed.faults).toEqual([
      expect.stringContaining('x.jsonl:2 holds no object'),
      expect.stringContaining('x.jsonl:3 holds no object'),
      expect.stringContaining('x.jsonl:4 has no text in text'),
      expect.stringContaining('x.jsonl:5 repeats the id "1"'),
    ])
  })

  it('without an id are known by their words, wherever they stand', async () => {
    await put({ 'x.jsonl': jsonl({ text: 'one' }, { text: 'two' }) })
    const first = await list({ kind: 'jsonl', path: 'x.jsonl' })
    await put({ 'x.jsonl': jsonl({ text: 'zero' }, { text: 'one' }, { text: 'two' }) })
    const second = await list({ kind: 'jsonl', path: 'x.jsonl' }, { before: first })
    expect(second.sources.slice(1)).toEqual(first.sources)
    expect([...second.loaded.values()].slice(1)).toEqual(['unchanged', 'unchanged'])
  })

  it('of CSV may hold commas, quotes and lines', async () => {
    await put({ 'x.csv': `\ufeffid;title;text\n1;"One; and only";"Two\nlines with ""quotes"""\n` })
    const listed = await list({ kind: 'csv', path: 'x.csv', delimiter: ';' })
    expect(listed).toMatchObject({ sources: ['x.csv#1'], faults: [], complete: true })
    expect(textOf(listed, 'x.csv#1')).toBe('Two\nlines with "quotes"')
    expect(hintsOf(listed, 'x.csv#1')).toEqual({ stands: true, title: 'One; and only', fileName: 'x.csv.txt' })
  })

  it.each([
    ['x.csv', 'id,text\n1,"open', 'cannot be read as rows'],
    ['x.csv', 'id,text\n1,a,b', 'cannot be read as rows'],
    ['x.jsonl', 'x'.repeat(MAX_SOURCE_BYTES + 1), 'more than 20 MB'],
    ['y.jsonl', null, 'does not exist'],
  ])('of a broken %s are a fault', async (path, text, said) => {
    if (text !== null) await put({ [path]: text })
    const listed = await list({ kind: path.split('.')[1], path })
    expect(listed).toMatchObject({ faults: [expect.stringContaining(said)], complete: false })
  })
})

describe('standard input', () => {
  it('is one document, and says nothing of others', async () => {
    const listed = await list({ kind: 'stdin', format: 'markdown' }, { input: ['# Pi', 'ped'] })
    expect(listed).toMatchObject({ sources: ['stdin:one'], complete: false })
    expect(textOf(listed, 'stdin:one')).toBe('# Piped')
    expect(hintsOf(listed, 'stdin:one')).toEqual({ fileName: 'one.md' })
  })

  it('that is too long is refused', async () => {
    const part = 'x'.repeat(MAX_SOURCE_BYTES / 2 + 1)
    const listed = await list({ kind: 'stdin' }, { input: [part, part] })
    expect(listed.loaded.get('stdin:one')).toBe('too-large')
  })
})

const git = (...args: string[]) => {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main']
  return execFileSync('git', ['-C', join(root, 'repo'), ...who, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
}
const remote = () => ({ kind: 'git', repository: `file://${root}/repo` })

async function commit(files: Readonly<Record<string, string>>): Promise<void> {
  await put(Object.fromEntries(Object.entries(files).map(([name, text]) => [`repo/${name}`, text])))
  git('add', '-A')
  git('commit', '-qm', 'change')
}

describe('a repository', () => {
  beforeEach(async () => {
    await mkdir(join(root, 'repo'))
    git('init', '-q')
    await commit({ 'README.md': '# Read me', 'docs/a.md': 'A', 'docs/b.md': 'B', 'x.png': 'x', '.github/c.md': 'C' })
  })

  it('on disk is read as it was committed, without a copy', async () => {
    await put({ 'repo/docs/a.md': 'not committed' })
    const listed = await list({ kind: 'git', repository: 'repo', include: ['docs/**'] })
    expect(listed).toMatchObject({ sources: ['repo/docs/a.md', 'repo/docs/b.md'], faults: [], complete: true })
    expect(textOf(listed, 'repo/docs/a.md')).toBe('A')
  })

  it('elsewhere is copied without its history, and only what changed is read again', async () => {
    await commit({ 'docs/a.md': 'A2' })
    const first = await list(remote())
    expect(below(first)).toEqual(['file://repo/README.md', 'file://repo/docs/a.md', 'file://repo/docs/b.md'])
    expect(first.skipped).toEqual([expect.stringContaining('x.png')])
    expect(textOf(first, `file://${root}/repo/docs/a.md`)).toBe('A2')
    await commit({ 'docs/a.md': 'A3' })
    git('rm', '-q', 'docs/b.md')
    await commit({})
    const second = await list(remote(), { before: first })
    expect([...second.loaded.values()].map((each) => (typeof each === 'string' ? each : 'sent'))).toEqual([
      'unchanged',
      'sent',
    ])
    const copies = join(root, 'data/git')
    const copy = execFileSync('ls', [copies], { encoding: 'utf8' }).trim()
    const commits = execFileSync('git', ['-C', join(copies, copy), 'rev-list', '--count', 'refs/footnote/copied'], {
      encoding: 'utf8',
    })
    expect(commits.trim()).toBe('1')
  })

  it('is read at the branch or tag that is named', async () => {
    git('tag', 'v1')
    await commit({ 'docs/a.md': 'later' })
    const listed = await list({ ...remote(), ref: 'v1' })
    expect(textOf(listed, `file://${root}/repo/docs/a.md`)).toBe('A')
    expect((await list({ ...remote(), ref: 'v9' })).faults[0]).toContain('could not be read by git: fatal:')
  })

  it('gives no links, no submodules and no pointers to files that lie elsewhere', async () => {
    await symlink('/etc/passwd', join(root, 'repo/docs/link.md'))
    await commit({ 'docs/big.md': 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n' })
    const listed = await list({ kind: 'git', repository: 'repo', include: ['docs/**'] })
    expect(listed.sources).not.toContain('repo/docs/link.md')
    expect(listed.loaded.get('repo/docs/big.md')).toBe('not-stored')
  })

  it('runs no program that a repository names', async () => {
    const proof = join(root, 'ran')
    const script = join(root, 'evil.sh')
    await writeFile(script, `#!/bin/sh\ntouch ${proof}\n`)
    await chmod(script, 0o755)
    for (const setting of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.askPass',
      'core.pager',
      'diff.external',
      'filter.x.smudge',
    ])
      git('config', setting, script)
    for (const hook of ['post-checkout', 'reference-transaction', 'post-index-change', 'pre-auto-gc']) {
      await writeFile(join(root, 'repo/.git/hooks', hook), `#!/bin/sh\ntouch ${proof}\n`)
      await chmod(join(root, 'repo/.git/hooks', hook), 0o755)
    }
    await rm(proof, { force: true })
    expect((await list({ kind: 'git', repository: 'repo' })).faults).toEqual([])
    expect((await list(remote())).faults).toEqual([])
    expect(() => execFileSync('ls', [proof], { stdio: 'pipe' })).toThrow('No such file')
  })

  it.each([
    ['ext::sh -c touch% x', 'does not exist'],
    ['ext://sh', 'are read by https, ssh or from a path'],
    ['http://example.com/a.git', 'are read by https, ssh or from a path'],
    ['git://example.com/a.git', 'are read by https, ssh or from a path'],
    ['https://me:secret@example.com/a.git', 'take the password out'],
    ['git@example.com:a/b.git', 'write it as ssh://git@example.com/a/b.git'],
    ['https://127.0.0.1/a.git', 'no public address'],
    ['https://[::1]/a.git', 'no public address'],
    ['ssh://127.0.0.1/a.git', 'no public address'],
    ['https://127.0.0.1:8443/a.git', 'allowHosts'],
    ['data', 'not a git repository'],
    ['missing', 'does not exist'],
  ])('called %s is refused: %s', async (repository, said) => {
    await mkdir(join(root, 'data'), { recursive: true })
    const listed = await list({ kind: 'git', repository })
    expect(listed).toMatchObject({ sources: [], complete: false, faults: [expect.stringContaining(said)] })
    expect(listed.faults[0]).not.toContain('secret')
  })

  it('needs git, and says so', async () => {
    const listed = await list(remote(), { env: { ...environment, PATH: join(root, 'nothing') } })
    expect(listed.faults).toEqual([expect.stringContaining('needs git, which is not installed')])
  })
})
