// Files become documents: each once, whole, and again only when it has changed.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ModelError, StoreError } from '../../core/errors.ts'
import type { Embedder } from '../../core/ports.ts'
import type { IngestEvent, ParsedDocument } from '../../core/types.ts'
import { ingest, type IngestDeps } from '../../ingest/ingest.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { documentId } from '../../store/saving.ts'
import { openStore } from '../../store/open.ts'
import { contentOf, openTestDatabase, temporaryFolder, type TestDatabase } from '../support/database.ts'

const never = new AbortController().signal

describe('an ingest', () => {
  it('tells what it found, what became of each, and the sum', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({ 'a.md': article('Alpha', 3), 'b.txt': 'Beta.\n\nPlain words.', 'c.png': 'x' })
    const events = await run([folder], deps)
    expect(events.map(({ type }) => type)).toEqual(['found', 'learned', 'learned', 'finished'])
    expect(events[0]).toEqual({
      type: 'found',
      files: 2,
      gone: 0,
      skipped: [{ source: join(folder, 'c.png'), reason: expect.stringContaining('.png') as string }],
    })
    expect(events[1]).toMatchObject({ source: join(folder, 'a.md'), chunks: 3, embedded: 3 })
    expect(events.at(-1)).toMatchObject({
      report: { learned: 2, unchanged: 0, failed: 0, skipped: 1, chunks: 4, embedded: 4 },
    })
  })

  it('run twice changes nothing and embeds nothing', async () => {
    await using database = await openTestDatabase()
    const { deps, embedded } = await prepare(database)
    const folder = await folderOf({ 'a.md': article('Alpha', 3), 'b.md': article('Beta', 2) })
    await run([folder], deps)
    expect(embedded).toHaveLength(5)
    const before = await contentOf(database.query)
    expect((await run([folder], deps)).at(-1)).toMatchObject({
      report: { learned: 0, unchanged: 2, chunks: 0, embedded: 0 },
    })
    expect(embedded).toHaveLength(5)
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('embeds only what is new in a changed file', async () => {
    await using database = await openTestDatabase()
    const { deps, embedded } = await prepare(database)
    const folder = await folderOf({ 'a.md': article('Alpha', 4) })
    await run([folder], deps)
    await writeFile(join(folder, 'a.md'), `${article('Alpha', 4)}\n\n## Part five\n\nOne more paragraph.`)
    expect((await run([folder], deps)).at(-1)).toMatchObject({
      report: { learned: 0, changed: 1, chunks: 5, embedded: 1 },
    })
    expect(embedded.at(-1)).toContain('One more paragraph.')
  })

  it('embeds a paragraph that stands in two places once', async () => {
    await using database = await openTestDatabase()
    const { deps, embedded } = await prepare(database)
    const twice = '# Title\n\n## Part\n\nThe same words.\n\n## Part\n\nThe same words.'
    const folder = await folderOf({ 'a.md': twice })
    expect((await run([folder], deps)).at(-1)).toMatchObject({ report: { chunks: 2, embedded: 1 } })
    expect(embedded).toHaveLength(1)
  })

  it('saves chunks that are exact slices of the text', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({ 'a.md': `# 🚦 Lights\n\n${'Ünï–cödé 🪣 words go here. '.repeat(200)}` })
    await run([folder], deps)
    const found = await deps.documents.find('main', documentId('main', join(folder, 'a.md')))
    const chunks = await database.query<{ text: string; start_offset: number; end_offset: number }>(
      'select text, start_offset, end_offset from chunks',
    )
    expect(chunks.length).toBeGreaterThan(3)
    for (const chunk of chunks) expect(found?.text.slice(chunk.start_offset, chunk.end_offset)).toBe(chunk.text)
  })

  it('learns what is prepared instead of what was parsed, as a revision of its own', async () => {
    await using database = await openTestDatabase()
    const { deps, embedded } = await prepare(database)
    const folder = await folderOf({ 'a.md': '# Title\n\nSome words.' })
    await run([folder], deps)
    const untitled = { ...deps, prepare: (parsed: ParsedDocument) => ({ ...parsed, title: '', outline: [] }) }
    expect((await run([folder], untitled)).at(-1)).toMatchObject({ report: { changed: 1, unchanged: 0 } })
    expect(await deps.documents.find('main', documentId('main', join(folder, 'a.md')))).toMatchObject({ title: '' })
    expect(embedded).toEqual(['Title\nSome words.', expect.stringContaining('Some words.')])
  })
})

describe('a bad file', () => {
  it('is reported by name with the reason, and the rest goes on', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({
      'a-empty.md': '',
      'b-binary.txt': 'PK\x03\x04…',
      'c-nul.txt': 'before \0 after',
      'd-latin1.txt': Buffer.from('caf\xe9 au lait', 'latin1'),
      'e-good.md': '# Good\n\nWords.',
      'f-nothing.html': '<script>only()</script>',
    })
    const missing = join(folder, 'missing.md')
    const events = await run([missing, folder], deps)
    const outcomes = events.flatMap((event) => ('source' in event ? [event] : []))
    const failed = outcomes.filter((each) => each.type === 'failed')
    expect(failed.map(({ source }) => source.slice(folder.length + 1))).toEqual([
      'missing.md',
      'a-empty.md',
      'b-binary.txt',
      'c-nul.txt',
      'd-latin1.txt',
      'f-nothing.html',
    ])
    for (const { source, message } of failed) expect(message).toContain(source)
    expect(outcomes.filter((each) => each.type === 'learned').map(({ source }) => source)).toEqual([
      join(folder, 'e-good.md'),
    ])
    expect(events.at(-1)).toMatchObject({ report: { learned: 1, failed: 6 } })
  })

  it.each([
    ['a NUL in its title', '---\ntitle: "a\\0b"\n---\n\nWords.'],
    ['half a surrogate pair in its title', '---\ntitle: "a\\ud83db"\n---\n\nWords.'],
    ['character references to both', '# A &#0; B &#xD83D; C\n\nWords &#0; and &#xD83D; more.'],
    [
      'a page of Chinese without a point',
      Array.from({ length: 3000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join(''),
    ],
    ['one endless word', 'x'.repeat(50_000)],
    ['nothing but headings', '# One\n\n## Two\n\n### Three'],
  ])('with %s does not end the ingest', async (_, text) => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({ 'a.md': text, 'b.md': '# Good\n\nWords.' })
    const events = await run([folder], deps)
    expect(events.at(-1)).toMatchObject({ type: 'finished' })
    expect((await deps.documents.known('main')).has(join(folder, 'b.md'))).toBe(true)
  })

  it('that was good before keeps its last good text', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({ 'a.md': '# Good\n\nWords.' })
    await run([folder], deps)
    await writeFile(join(folder, 'a.md'), 'now \0 broken')
    await run([folder], deps)
    expect(await deps.documents.find('main', documentId('main', join(folder, 'a.md')))).toMatchObject({ title: 'Good' })
  })
})

describe('an ingest that is cut', () => {
  it('by a failing database or provider ends with that error, and keeps what was saved', async () => {
    for (const error of [new StoreError('store-unavailable', 'gone'), new ModelError('model-unavailable', 'gone')]) {
      await using database = await openTestDatabase()
      const { deps } = await prepare(database)
      const folder = await folderOf({ 'a.md': article('Alpha', 1), 'b.md': article('Beta', 1) })
      const embedder: Embedder = {
        ...deps.embedder,
        embed: async (texts, kind, signal) => {
          if (texts.some((text) => text.includes('Beta'))) throw error
          return await deps.embedder.embed(texts, kind, signal)
        },
      }
      await expect(run([folder], { ...deps, embedder })).rejects.toBe(error)
      expect(await deps.documents.list('main', 10)).toHaveLength(1)
      expect((await run([folder], deps)).at(-1)).toMatchObject({ report: { learned: 1, unchanged: 1 } })
    }
  })

  it('by its signal ends and tells what was under way, begins no other, and goes on from there the next time', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const files = Array.from({ length: 20 }, (_, n) => [`${n}.md`, article(`Number ${n}`, 1)])
    const folder = await folderOf(Object.fromEntries(files))
    const leaving = new AbortController()
    let told = 0
    const reading = async () => {
      // With a provider of vectors few are under way at once.
      for await (const event of ingest(
        [folder],
        { ...deps, tokenPrice: { usdPerMillion: null, isProvided: true } },
        leaving.signal,
      ))
        if (event.type === 'learned' && ++told === 1) leaving.abort(new Error('stopped'))
    }
    await expect(reading()).rejects.toThrow('stopped')
    expect(told).toBeLessThan(20)
    expect((await run([folder], deps)).at(-1)).toMatchObject({ report: { learned: 20 - told, unchanged: told } })
  })

  it('learns a changed audience alone, with the vectors it has', async () => {
    await using database = await openTestDatabase()
    const { deps, embedded } = await prepare(database)
    const folder = await folderOf({ 'a.md': article('Alpha', 2) })
    await run([folder], deps)
    await writeFile(join(folder, 'a.md'), `---\naudience: ["#Payments"]\n---\n${article('Alpha', 2)}`)
    expect((await run([folder], deps)).at(-1)).toMatchObject({ report: { changed: 1, embedded: 0 } })
    expect(embedded).toHaveLength(2)
    expect(await deps.documents.list('main', 9)).toMatchObject([{ audience: ['payments'], chunks: 2 }])
  })

  it('closes the copy of a document whose audience cannot be read any more, and opens it when it can', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({ 'a.md': article('Alpha', 1) })
    await run([folder], deps)
    await writeFile(join(folder, 'a.md'), `---\naudience: @payments\n---\n${article('Alpha', 1)}`)
    const [, failed] = await run([folder], deps)
    expect(failed).toMatchObject({ type: 'failed', code: 'bad-audience' })
    expect(await deps.documents.list('main', 9)).toMatchObject([{ audience: ['@nobody'] }])
    await writeFile(join(folder, 'a.md'), article('Alpha', 1))
    expect((await run([folder], deps)).at(-1)).toMatchObject({ report: { changed: 1 } })
    expect(await deps.documents.list('main', 9)).toMatchObject([{ audience: [] }])
    expect((await run([folder], deps)).at(-1)).toMatchObject({ report: { unchanged: 1 } })
  })

  it('that was not told to remove anything leaves what is gone', async () => {
    await using database = await openTestDatabase()
    const { deps } = await prepare(database)
    const folder = await folderOf({ 'a.md': article('Alpha', 1), 'b.md': article('Beta', 1) })
    await run([folder], deps)
    await rm(join(folder, 'a.md'))
    await run([folder], deps)
    expect(await deps.documents.list('main', 10)).toHaveLength(2)
  })
})

/** A store and a deps object whose embedder notes every text it is given. */
async function prepare(database: TestDatabase): Promise<{ deps: IngestDeps; embedded: string[] }> {
  const embedded: string[] = []
  const fake = fakeEmbedder()
  const embedder: Embedder = {
    ...fake,
    embed: async (texts, kind, signal) => {
      expect(kind).toBe('document')
      embedded.push(...texts)
      return await fake.embed(texts, kind, signal)
    },
  }
  const { documents } = await openStore(database, 'main', embedder)
  return { deps: { documents, embedder, library: 'main' }, embedded }
}

async function run(paths: readonly string[], deps: IngestDeps): Promise<IngestEvent[]> {
  return await Array.fromAsync(ingest(paths, deps, never))
}

async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = join(await temporaryFolder(), 'library')
  await mkdir(folder)
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

/** One section per part, so that each is a chunk. */
function article(title: string, parts: number): string {
  const sections = Array.from({ length: parts }, (_, n) => `## Part ${n}\n\nWhat ${title} says in part ${n}.`)
  return [`# ${title}`, ...sections].join('\n\n')
}
