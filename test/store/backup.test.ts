// A backup that was never restored is none: libraries are filled, backed up, restored, compared and asked.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeKey } from '../../core/keys.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { backUp } from '../../store/backup.ts'
import { openBackup } from '../../store/backup-file.ts'
import type { Database, Query } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { restore } from '../../store/restore.ts'
import { damagedTables } from '../../store/walls.ts'
import { openTestApp, type TestApp, TOKEN } from '../support/app.ts'
import { contentOf, temporaryFolder } from '../support/database.ts'
import { isThere, type Kind, kinds, openPlace } from '../support/places.ts'
import { repeats } from '../support/thorough.ts'
import { readJson, type WireAnswer } from '../support/wire.ts'

const never = new AbortController().signal
const quiet = () => {}
const embedder = await openStaticEmbedder()
const QUESTION = 'How many lamps does the Kestrel light have?'

async function openApp(database: Database): Promise<TestApp> {
  return openTestApp({ store: await openStore(database, 'main', embedder), embedder, folder: '' })
}

const allowed = { authorization: `Bearer ${TOKEN}` }

async function upload(app: TestApp, name: string, text: string): Promise<string> {
  const response = await app.post('/v1/documents', { name, markdown: text }, { headers: allowed })
  expect(response.status).toBeLessThan(300)
  const [document] = (await readJson<{ documents: { id: string }[] }>(response)).documents
  return document?.id ?? ''
}

async function ask(app: TestApp, question: string, more: object = {}): Promise<WireAnswer> {
  return await readJson<WireAnswer>(await app.post('/v1/ask', { question, ...more }))
}

/** Something of everything that people would miss. */
async function fillLibrary(app: TestApp, database: Database): Promise<WireAnswer> {
  const folder = join(await temporaryFolder(), 'notes')
  await mkdir(folder)
  await writeFile(
    join(folder, 'tides.md'),
    '# Tides\n\nThe harbour "Ost" opens at high tide, \\ never at {low} tide 🌊.\n',
  )
  await upload(app, 'kestrel.md', '# Kestrel\n\nThe Kestrel light has four lamps. Each lamp burns for nine hours.\n')
  const gone = await upload(app, 'gone.md', '# Gone\n\nThis page is removed again.\n')
  const ingested = await app.post('/v1/ingest', { paths: [folder] }, { headers: allowed })
  expect(await ingested.text()).toContain('"finished"')
  await app.get(`/v1/documents/${gone}`, { method: 'DELETE', headers: allowed })
  const answer = await ask(app, QUESTION)
  await ask(app, 'And for how long does each burn?', { conversation_id: answer.conversation_id })
  await ask(app, 'Who won the football world cup in 1998?')
  await app.post(`/v1/answers/${answer.id}/feedback`, { rating: 'up', comment: 'a\nb' })
  const key = { id: makeKey().id, library: 'main', name: 'of a test', scopes: ['ask'], origins: [] } as const
  const { keys, sessions } = await openStore(database, 'main', embedder)
  await keys.create({ ...key, expiresAt: null, hash: 'a hash' })
  await sessions.begin({ hash: 'of a cookie', library: 'main', key: key.id })
  return answer
}

/** All that a backup promises: sessions are left out, and when a migration was applied is another time. */
async function promised(query: Query): Promise<Record<string, unknown[]>> {
  const { sessions, migrations, workers, ...content } = await contentOf(query)
  expect([sessions?.length, workers?.length, migrations?.length].every((each) => each !== undefined)).toBe(true)
  return content
}

const pairs = kinds.flatMap((from) => kinds.map((to) => [from, to] as const))

describe.each(pairs)('a library of the %s store, restored into the %s store', (from, to) => {
  const isRun = isThere(from) && isThere(to)

  it.skipIf(!isRun)('has every row that it had, is asked and goes on', { timeout: 120_000 }, async () => {
    await using source = await openPlace(from)
    await using target = await openPlace(to)
    const path = join(await temporaryFolder(), 'whole.backup')
    const filled = await source.open()
    const before = await fillLibrary(await openApp(filled), filled)
    const { heading, bytes } = await backUp(filled, path, '0.1.0', quiet, never)
    const content = await promised(filled.owner.query)
    await filled.close()
    expect(bytes).toBe((await stat(path)).size)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const rows = Object.fromEntries(heading.tables.map(({ name, rows }) => [name, rows]))
    expect(rows).toEqual(Object.fromEntries(Object.entries(content).map(([name, all]) => [name, all.length])))
    expect(heading.tables.flatMap(({ name, aside }) => (aside ? [[name, aside]] : []))).toEqual([['documents', 1]])

    const empty = await target.open()
    await restore(empty, path, { replace: false }, quiet, never)
    expect(await promised(empty.owner.query)).toEqual(content)
    expect(await damagedTables(empty.owner.query)).toEqual([])
    const app = await openApp(empty)
    expect(await readJson(await app.get(`/v1/answers/${before.id}`))).toMatchObject({ answer: before.answer })
    await expectCited(app, QUESTION)
    // Numbers that were given out are not given out again.
    await upload(app, 'later.md', '# Later\n\nThe Merlin light was built later, with seven lamps.\n')
    await expectCited(app, 'How many lamps does the Merlin light have?')
    await empty.close()
  })
})

async function expectCited(app: TestApp, question: string): Promise<void> {
  const { citations } = await ask(app, question)
  expect(citations.length).toBeGreaterThan(0)
  for (const { document, span, quote } of citations) {
    const opened = await app.get(`/v1/documents/${document.id}?revision=${document.revision}`)
    expect((await readJson<{ text: string }>(opened)).text.slice(span.start, span.end)).toBe(quote)
  }
}

describe.each(kinds)('a backup of the %s store while it is written to', (kind) => {
  it.skipIf(!isThere(kind))(
    'is of one moment, with all that was acknowledged before',
    { timeout: 120_000 },
    async () => {
      await using source = await openPlace(kind)
      await using target = await openPlace(kind)
      const path = join(await temporaryFolder(), 'busy.backup')
      const database = await source.open()
      // The embedded store has one connection: there the backup waits for its turn, and writers for theirs.
      const other = kind === 'embedded' ? database : await source.open()
      const app = await openApp(database)
      const stopping = new AbortController()
      const acknowledged: string[] = []
      const writing = (async () => {
        for (let n = 0; !stopping.signal.aborted; n++) {
          acknowledged.push(await upload(app, `${n}.md`, `# Lamp ${n}\n\nLamp number${n} burns for ${n} hours.\n`))
          await ask(app, `How long does lamp number${n} burn?`)
        }
      })()
      await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(5)
      const certain = [...acknowledged]
      await backUp(other, path, '0.1.0', quiet, never)
      const during = acknowledged.length
      await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(during)
      stopping.abort()
      await writing
      await other.close()
      await database.close()

      const restored = await target.open()
      await restore(restored, path, { replace: false }, quiet, never)
      const ids = (await restored.owner.query<{ id: string }>('select document_id as id from documents')).map(
        ({ id }) => id,
      )
      expect(ids).toEqual(expect.arrayContaining(certain))
      expect(ids.length).toBeLessThan(acknowledged.length)
      const faults = await restored.owner.query(`select * from (
      select (select sum(chunk_count) from libraries) as counted, (select count(*) from chunks) as chunks,
        (select count(*) from vectors_1) as vectors, (select count(*) from signs_1) as signs) c
      where counted <> chunks or vectors <> chunks or signs <> chunks`)
      expect(faults).toEqual([])
      await restored.close()
    },
  )
})

async function smallBackup(kind: Kind = 'embedded') {
  await using place = await openPlace(kind)
  const path = join(await temporaryFolder(), 'small.backup')
  const database = await place.open()
  await upload(await openApp(database), 'a.md', '# A\n\nThe Kestrel light has four lamps.\n')
  await backUp(database, path, '0.1.0', quiet, never)
  await database.close()
  return path
}

describe('a backup', () => {
  it('that lost or changed any byte is refused', async () => {
    const path = await smallBackup()
    const whole = await readFile(path)
    const spoiled = `${path}.spoiled`
    const refused = async (bytes: Buffer) => {
      await writeFile(spoiled, bytes)
      await expect(openBackup(spoiled, never)).rejects.toMatchObject({ code: 'backup-damaged' })
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        await refused(Buffer.from(whole.with(at, whole[at]! ^ bits)))
      }),
      { numRuns: repeats(2_000) },
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => await refused(whole.subarray(0, length))),
      { numRuns: repeats(500) },
    )
    await refused(Buffer.concat([whole, Buffer.from('\n')]))
    await refused(Buffer.concat([whole, whole]))
  })

  it('is read by every program that reads zstd', async () => {
    const path = await smallBackup()
    const whole = await readFile(path)
    const [heading = ''] = zstdDecompressSync(whole.subarray(0, -40)).toString().split('\n')
    expect(JSON.parse(heading)).toMatchObject({ footnote: 'backup', format: 1, version: '0.1.0', libraries: ['main'] })
  })
})
