// npm run ingest as a person uses it: look first, learn, lose files, go back.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { planText } from '../../cli/plan.ts'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { type Ran, runCommand } from '../support/process.ts'
import { article } from '../support/syncing.ts'

it(
  'plans, learns, stops before too many are removed, removes them when told to, and takes it back',
  { timeout: 180_000 },
  async () => {
    const folder = join(await temporaryFolder(), 'articles')
    await mkdir(folder)
    for (const n of [1, 2, 3]) await writeFile(join(folder, `a${n}.md`), article(`Article ${n}`))
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: folder }
    const plan = await runCommand(['ingest', '--plan'], settings)
    expect([plan.code, plan.stdout]).toEqual([
      0,
      expect.stringMatching(/^3 new:\n {2}\+ \S+a1\.md\n[\s\S]*Nothing was changed\.\n$/),
    ])
    expect((await runCommand(['ingest', folder], settings)).stderr).toContain('Documents: 3 learned')
    for (const n of [1, 2, 3]) await rm(join(folder, `a${n}.md`))
    await writeFile(join(folder, 'new.md'), article('New'))
    const stopped = await runCommand(['ingest', folder, '--json'], settings)
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      expect.stringMatching(/\(0 of 1 done\): none learned.*\n.*3 of 3 documents .*--allow-deletes\n$/),
    ])
    const fault = { code: 'too-many-removals', message: expect.stringContaining('nothing is learned or removed') }
    expect(JSON.parse(stopped.stdout)).toMatchObject({ learned: 0, removed: 0, fault })
    await rm(join(folder, 'new.md'))
    const allowed = await runCommand(['ingest', folder, '--allow-deletes'], settings)
    expect([allowed.code, allowed.stderr]).toEqual([
      0,
      expect.stringMatching(/removed: \S+a1\.md\n[\s\S]*Documents: 3 removed/),
    ])
    const undone = await runCommand(['ingest', 'undo'], settings)
    expect([undone.code, undone.stderr]).toEqual([
      0,
      expect.stringMatching(
        /Documents: 3 restored[\s\S]*Undone: syn_\S+ \(command, \d{4}-\d\d-\d\d \d\d:\d\d\)\. What/,
      ),
    ])
    const before = await runCommand(['ingest', 'undo'], settings)
    expect(before.stderr).toMatch(/Undone: syn_/)
    expect(idIn(before)).not.toBe(idIn(undone))
  },
)

it(
  'ends with the same exit code when the guard stops a source as when it stops a folder',
  { timeout: 180_000 },
  async () => {
    const root = await temporaryFolder()
    const folder = join(root, 'articles')
    await mkdir(folder)
    for (const n of [1, 2, 3, 4]) await writeFile(join(folder, `a${n}.md`), article(`Article ${n}`))
    const file = join(root, 'sources.yaml')
    await writeFile(file, JSON.stringify({ sources: [{ name: 'handbook', kind: 'folder', path: folder }] }))
    const settings = { DATA_DIR: await preparedDataDir(), SOURCES: file }
    expect((await runCommand(['ingest'], settings)).code).toBe(0)
    for (const n of [1, 2, 3]) await rm(join(folder, `a${n}.md`))
    const stopped = await runCommand(['ingest'], settings)
    expect([stopped.code, stopped.stderr]).toEqual([1, expect.stringContaining('3 gone but kept')])
    expect((await runCommand(['ingest', '--allow-deletes'], settings)).stderr).toContain('3 removed')
  },
)

function idIn({ stderr }: Ran): string | undefined {
  return /Undone: (\S+)/.exec(stderr)?.[1]
}

it('of a plan prints twelve names of many, and its price', () => {
  const some = Array.from({ length: 12 }, (_, n) => `${n}.md`)
  const none = { count: 0, some: [] }
  const plan = {
    added: { count: 24, some },
    changed: none,
    removed: none,
    failed: none,
    unchanged: 5,
    skipped: 0,
    bytes: 2_500_000,
    chunks: 90,
    embedded: 80,
    tokens: 20_000,
    usd: 0.0004,
    ms: 12_300,
    refused: null,
    sources: [],
  }
  expect(planText(plan).split('\n').slice(-5)).toEqual([
    '  + 11.md',
    '  + and 12 more',
    '5 unchanged',
    '2.5 MB to learn · 90 chunks, 80 to embed (about 20000 tokens, $0.0004) · about 13 s',
    'Nothing was changed.',
  ])
  expect(planText({ ...plan, usd: null })).toContain('no price known')
})
