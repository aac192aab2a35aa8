// A store that does not open, one that is not made yet, and an index made unhealthy on purpose.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkIndex } from '../../../cli/doctor/index-health.ts'
import { checkSchema, examineStore } from '../../../cli/doctor/store.ts'
import type { Reader } from '../../../cli/reader.ts'
import { readConfig } from '../../../core/config.ts'
import type { Embedder } from '../../../core/ports.ts'
import type { IndexReport } from '../../../core/reports.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openStaticEmbedder } from '../../../models/static.ts'
import { lockDirectory } from '../../../store/lock.ts'
import { postgresUrl, temporaryFolder } from '../../support/database.ts'
import { emptyStatus, wholeIndex } from '../../support/fake-store.ts'
import { openProvider } from '../../support/provider.ts'

const never = new AbortController().signal

describe('a store', () => {
  it('that is not made yet is fine, and is not made by looking', async () => {
    const folder = await temporaryFolder()
    const config = readConfig({ DATA_DIR: join(folder, 'data') })
    expect(await examineStore(config, never)).toMatchObject({ reader: null, findings: [{ level: 'fine' }] })
    await expect(writeFile(join(folder, 'data'), 'nothing is in the way')).resolves.toBeUndefined()
  })

  it('that another process holds is told by the process', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'pg'), '')
    const lock = lockDirectory(folder)
    const { findings } = await examineStore(readConfig({ DATA_DIR: folder }), never)
    lock.release()
    expect(findings).toMatchObject([
      { level: 'wrong', found: expect.stringContaining(`in use by process ${process.pid}`) as string },
    ])
  })

  it('where nothing listens, or that is no Postgres, is told without the password', async () => {
    await using other = await openProvider()
    const port = new URL(other.baseUrl).port
    const urls = ['postgres://me:hidden@127.0.0.1:1/x', `postgres://me:hidden@127.0.0.1:${port}/x`]
    for (const [index, url] of urls.entries()) {
      const { reader, findings } = await examineStore(readConfig({ DATABASE_URL: url }), never)
      expect([reader, findings]).toMatchObject([null, [{ level: 'wrong' }]])
      expect(findings[0]!.remedy).toMatch(index === 0 ? /Start Postgres, or correct the host/ : /DATABASE_URL/)
      expect(JSON.stringify(findings)).not.toContain('hidden')
    }
  })

  it('at a host that there is not is told by the setting', async () => {
    const { findings } = await examineStore(readConfig({ DATABASE_URL: 'postgres://me@nowhere.invalid/x' }), never)
    expect(findings).toMatchObject([{ level: 'wrong', remedy: expect.stringContaining('Correct the host') as string }])
  })

  it.skipIf(!postgresUrl)('that knows neither the password nor the database is told by which', async () => {
    const url = new URL(postgresUrl!)
    url.pathname = '/there_is_none'
    const { findings } = await examineStore(readConfig({ DATABASE_URL: url.href }), never)
    expect(findings).toMatchObject([{ level: 'wrong', remedy: expect.stringContaining('createdb') as string }])
  })
})

describe('a schema', () => {
  const { schema } = emptyStatus
  it.each([
    ['that is that of this program', schema, 'fine', /up to date/],
    ['with pgvector 0.6', { ...schema, pgvector: '0.6.2' }, 'wrong', /pgvector 0\.6\.2 is too old/],
    ['with pgvector 1.0', { ...schema, pgvector: '1.0.0' }, 'fine', /up to date/],
    ['that lost pgvector', { ...schema, pgvector: null }, 'wrong', /pgvector is not in/],
    ['that is behind', { ...schema, missing: ['0005-a.sql'] }, 'look', /0005-a\.sql not applied yet/],
    ['of a new database', { ...schema, pgvector: null, missing: ['0001-a.sql'] }, 'look', /without pgvector/],
    ['of a newer program', { ...schema, unknown: ['0099-z.sql'] }, 'wrong', /newer Footnote.*0099-z\.sql/],
  ])('%s', (_name, schema, level, found) => {
    expect(checkSchema(schema)).toMatchObject([{ level, found: expect.stringMatching(found) as string }])
  })
})

const lacking = (text: string) => ({ count: 1, some: [{ source: 'a.md', headings: [], text }] })

describe('an index', () => {
  let builtIn: Embedder
  beforeAll(async () => {
    builtIn = await openStaticEmbedder()
  })

  async function check(
    changes: Partial<IndexReport>,
    embedder: Embedder | null = builtIn,
    space = builtIn.space,
    own?: Embedder,
  ) {
    const library = { ...emptyStatus.library!, documents: 1, chunks: 3, space }
    const index = { ...wholeIndex, chunks: 3, recordedChunks: 3, ...changes }
    const reader: Reader = {
      owner: null,
      restored: false,
      waiting: null,
      walls: null,
      misfits: null,
      status: async () => emptyStatus,
      index: async () => index,
      close: async () => {},
    }
    return await checkIndex(reader, { ...emptyStatus, library }, embedder, never, own)
  }

  it('in which everything agrees is one line', async () => {
    expect(await check({})).toEqual([
      { level: 'fine', found: '1 document, 3 chunks, vectors and words agree', remedy: null },
    ])
  })

  it('of another embedder that can be had works, and may surprise', async () => {
    const found = await check({}, fakeEmbedder(), builtIn.space, builtIn)
    expect(found.at(-1)).toMatchObject({ level: 'look', remedy: expect.stringContaining('npm run reembed') as string })
  })

  it('of another embedder is wrong; of one that cannot be asked it is not known', async () => {
    expect(await check({}, fakeEmbedder())).toMatchObject([
      { level: 'wrong', remedy: expect.stringContaining('Set EMBEDDING_MODEL') as string },
    ])
    expect(await check({}, null, 'openai/x/1/1')).toMatchObject([{ level: 'fine' }])
  })

  it.each([
    ['a vector', { withoutVector: lacking('rate limiting') }, /1 chunk of 3 without a vector: a\.md/],
    ['signs', { withoutSigns: lacking('rate limiting') }, /1 chunk of 3 without signs of a vector: a\.md/],
    ['words', { withoutWords: lacking('rate limiting') }, /1 chunk of 3 not in the word index: a\.md/],
    ['chunks that it remembers', { strayWords: 2 }, /holds 2 chunks that there are not/],
    ['a count', { recordedChunks: 5 }, /says that it has 5 chunks, and has 3/],
    ['a revision', { oldChunks: 1 }, /1 chunk of revisions that are not current/],
  ])('without %s is wrong, and says which document to learn again', async (_what, changes, found) => {
    expect(await check(changes)).toMatchObject([{ level: 'wrong', found: expect.stringMatching(found) as string }])
  })

  it('may hold what an embedder or an index has nothing of: other letters, and punctuation', async () => {
    const [first, second, ...rest] = await check({
      withoutVector: lacking('限流'),
      withoutSigns: lacking('限流'),
      withoutWords: lacking('* * *'),
    })
    expect([first, second, rest]).toMatchObject([
      { level: 'fine' },
      { level: 'look', found: expect.stringContaining('found by words alone') as string },
      [],
    ])
  })

  it('with a document that has no chunk is worth a look', async () => {
    expect(await check({ emptyDocuments: { count: 1, some: ['empty.md'] } })).toMatchObject([
      { level: 'fine' },
      { level: 'look', found: '1 document without a chunk, never found: empty.md' },
    ])
  })

  it('of an empty library says how to fill it', async () => {
    const reader = { index: async () => wholeIndex } as unknown as Reader
    expect(await checkIndex(reader, emptyStatus, builtIn, never)).toMatchObject([
      { level: 'look', remedy: expect.stringContaining('npm run ingest') as string },
    ])
  })
})
