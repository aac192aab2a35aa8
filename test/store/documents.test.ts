// Documents are saved whole or not at all, and what was once saved stays readable.
import { describe, expect, it } from 'vitest'
import { SourceError, StoreError } from '../../core/errors.ts'
import type { Database } from '../../store/database.ts'
import { documentId } from '../../store/saving.ts'
import { openStore } from '../../store/open.ts'
import { contentOf, openTestDatabase } from '../support/database.ts'
import { hash, search, space, tinyDocument } from '../support/store-documents.ts'

const id = documentId('main', 'a.md')
const first = tinyDocument(
  'a.md',
  [
    { text: 'Buckets hold tokens.', vector: [0.5, 0.5, 0.5, 0.5] },
    { text: 'Tokens are refilled.', vector: [0.6, 0.8, 0, 0] },
  ],
  { title: 'Limits' },
)
const second = tinyDocument('a.md', [{ text: 'Windows slide along.', vector: [0, 0, 0.6, 0.8] }], { title: 'Windows' })

describe('documents', () => {
  it('are found as they were saved', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const outline = [{ level: 2, title: 'Tokens 🪣', span: { start: 0, end: 7 } }]
    const boilerplate = [{ start: 0, end: 7 }]
    const kept = { outline, boilerplate, pages: [0, 22, 22], url: 'https://example.com/a', publishedAt: '2021-03-04' }
    const authors = ['Ada Keeper', 'Ünal, "B"']
    const parsed = { ...first.parsed, ...kept, authors }
    await documents.save({ ...first, parsed })
    expect(await documents.find('main', id)).toEqual({
      id,
      source: 'a.md',
      revision: first.revision,
      title: 'Limits',
      url: 'https://example.com/a',
      publishedAt: '2021-03-04',
      authors,
      text: first.parsed.text,
      outline,
      boilerplate,
      pages: [0, 22, 22],
      current: true,
      removedAt: null,
      audience: [],
    })
    expect((await documents.known('main', ['a.md'])).get('a.md')?.revision).toBe(first.revision)
    await documents.save(second)
    expect(await documents.find('main', id)).toMatchObject({ revision: second.revision, authors: [], pages: [] })
    expect(await documents.find('main', id, first.revision)).toMatchObject({ authors, pages: [0, 22, 22] })
  })

  it('that were never saved are null, as are revisions that never were', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(first)
    expect(await documents.find('main', 'doc_unknown')).toBeNull()
    expect(await documents.find('main', id, hash('never saved'))).toBeNull()
    expect((await documents.known('main', ['b.md'])).size).toBe(0)
  })

  it('raise the number of changes with every save that changes something, also by as many chunks', async () => {
    await using database = await openTestDatabase()
    const { documents, search: found } = await openStore(database, 'main', space)
    expect(await found.state('main')).toEqual({ chunks: 0, changes: 0, space: space.space })
    await documents.save(first)
    await documents.save(first)
    expect(await found.state('main')).toMatchObject({ chunks: 2, changes: 1 })
    await documents.save({ ...first, revision: hash('another') })
    expect(await found.state('main')).toMatchObject({ chunks: 2, changes: 2 })
    expect(await found.state('unknown')).toEqual({ chunks: 0, changes: 0, space: null })
  })

  it('keep the old text readable after a new revision', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(first)
    await documents.save(second)
    expect(await documents.find('main', id, first.revision)).toMatchObject({
      title: 'Limits',
      text: first.parsed.text,
      current: false,
    })
    expect(await documents.find('main', id)).toMatchObject({ revision: second.revision, current: true })
  })

  it('come back when a source returns to an earlier text', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    for (const document of [first, second, first]) await store.documents.save(document)
    expect(await store.documents.find('main', id)).toMatchObject({ revision: first.revision, current: true })
    expect(await store.documents.find('main', id, second.revision)).toMatchObject({ current: false })
    expect(await search(store, 'tokens windows')).toHaveLength(2)
  })

  it('replace chunks, words, vectors and signs at once with a new revision', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    await store.documents.save(first)
    await store.documents.save(second)
    const vector = Float32Array.from([0, 0, 0.6, 0.8])
    expect((await search(store, 'tokens buckets windows', { vector })).map(({ text }) => text)).toEqual([
      'Windows slide along.',
    ])
    expect(await countRows(database)).toEqual({ chunks: 1, vectors_1: 1, signs_1: 1, counted: 1, stray: 0 })
  })

  it('saved twice in one revision change nothing at all', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(first)
    const before = await contentOf(database.query)
    await documents.save(first)
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('saved by many writers at once end as one of their revisions, whole', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const revisions = Array.from({ length: 12 }, (_, n) =>
      tinyDocument(
        'a.md',
        Array.from({ length: n + 1 }, (_, ordinal) => ({ text: `writer ${n} chunk ${ordinal}` })),
      ),
    )
    await Promise.all(revisions.map(async (document) => await documents.save(document)))
    const current = await documents.find('main', id)
    const saved = revisions.find(({ revision }) => revision === current?.revision)
    expect(current?.text).toBe(saved?.parsed.text)
    const count = saved?.chunks.length
    expect(await countRows(database)).toEqual({
      chunks: count,
      vectors_1: count,
      signs_1: count,
      counted: count,
      stray: 0,
    })
  })

  it('that fail half-way leave everything as it was', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(first)
    const before = await contentOf(database.query)
    const twice = { ...second, chunks: [...second.chunks, ...second.chunks] }
    await expect(documents.save(twice)).rejects.toBeInstanceOf(StoreError)
    expect(await contentOf(database.query)).toEqual(before)
  })

  it.each([
    ['a NUL in the text', [{ text: 'cut \0 here' }], {}],
    ['half a surrogate pair in the text', [{ text: 'cut \ud83d here' }], {}],
    ['a NUL in the title', [{ text: 'whole' }], { title: 'cut \0 here' }],
  ] as const)('with %s are refused by name, and an ingest may go on', async (_, chunks, more) => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const before = await contentOf(database.query)
    const error = await documents.save(tinyDocument('a.md', chunks, more)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SourceError)
    expect(error).toMatchObject({ code: 'unstorable-text', source: 'a.md' })
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('with emoji keep every offset', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    await store.documents.save(tinyDocument('e.md', [{ text: '🪣 bucket 👩‍👩‍👧' }, { text: 'Ünï 🚦 light' }]))
    const text = (await store.documents.find('main', documentId('main', 'e.md')))?.text ?? ''
    const found = await search(store, 'bucket light')
    expect(found).toHaveLength(2)
    for (const each of found) expect(text.slice(each.span.start, each.span.end)).toBe(each.text)
  })

  it('without any chunk are known and listed', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(tinyDocument('empty.md', []))
    expect(await documents.list('main', 10)).toMatchObject([{ source: 'empty.md', chunks: 0, characters: 0 }])
  })

  it('with a word longer than an index entry may be are saved', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    // No two alike in a row: the index would compress them.
    const endless = Array.from({ length: 1100 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join(
      '',
    )
    await store.documents.save(tinyDocument('long.md', [{ text: `${endless} short` }]))
    expect(await search(store, 'short')).toHaveLength(1)
  })
})

describe('the list of documents', () => {
  it('goes page by page through all of them, each once', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    for (const n of [1, 2, 3, 4, 5]) await documents.save(tinyDocument(`${n}.md`, [{ text: `text ${n}` }]))
    const pages: string[][] = []
    let after: string | undefined
    do {
      const page = await documents.list('main', 2, after)
      pages.push(page.map(({ source }) => source))
      after = page.at(-1)?.id
    } while (after)
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1, 0])
    expect(pages.flat().sort()).toEqual(['1.md', '2.md', '3.md', '4.md', '5.md'])
  })

  it('counts chunks and characters of the current revision', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    await documents.save(second)
    await documents.save(tinyDocument('a.md', [{ text: 'One 🪣.' }, { text: 'Two.' }]))
    const [listed, ...others] = await documents.list('main', 10)
    expect(others).toEqual([])
    // In UTF-16 code units, like every other offset and length.
    expect(listed).toMatchObject({ id, chunks: 2, characters: 'One 🪣.\n\nTwo.'.length })
    expect(Math.abs(Date.now() - Date.parse(listed!.ingestedAt))).toBeLessThan(60_000)
  })
})

describe('known vectors', () => {
  it('are the exact numbers of the chunks with these hashes', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const vector = [0.1, -1 / 3, 1e-7, 0.942_809]
    await documents.save(tinyDocument('a.md', [{ text: 'one', vector }, { text: 'two' }]))
    await documents.save(tinyDocument('b.md', [{ text: 'one', vector }]))
    const known = await documents.knownVectors('main', [hash('one'), hash('three')])
    expect(known.space).toBe(space.space)
    expect([...known.vectors]).toEqual([[hash('one'), Float32Array.from(vector)]])
    expect(await documents.knownVectors('main', [])).toMatchObject({ vectors: new Map() })
  })
})

describe('vectors of the wrong size', () => {
  it('are refused before anything is written', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const before = await contentOf(database.query)
    for (const vector of [
      [1, 0],
      [0, 0, 0],
      [Number.NaN, 0, 0, 0],
    ])
      await expect(documents.save(tinyDocument('a.md', [{ text: 'fine' }, { text: 'odd', vector }]))).rejects.toThrow(
        StoreError,
      )
    expect(await contentOf(database.query)).toEqual(before)
    await expect(documents.save(tinyDocument('a.md', [{ text: 'odd', vector: [1, 0] }]))).rejects.toMatchObject({
      code: 'wrong-dimensions',
      message: expect.stringContaining('2 numbers') as string,
    })
  })
})

describe('the count of chunks', () => {
  it('equals the chunks there are, whatever is saved', async () => {
    await using database = await openTestDatabase()
    const { documents } = await openStore(database, 'main', space)
    const sizes = [3, 0, 5, 1, 5, 0, 2]
    for (const [n, size] of sizes.entries()) {
      const chunks = Array.from({ length: size }, (_, ordinal) => ({ text: `save ${n}, chunk ${ordinal}` }))
      await documents.save(tinyDocument(`${n % 3}.md`, chunks))
      const { counted, chunks: real } = await countRows(database)
      expect(counted).toBe(real)
    }
  })
})

/** Rows of each kind; `stray`: words of chunks that are not there. */
async function countRows(database: Database): Promise<Record<string, number>> {
  const [row] = await database.query<Record<string, number>>(
    `select (select count(*)::int from chunks) as chunks, (select count(*)::int from vectors_1) as vectors_1,
            (select count(*)::int from signs_1) as signs_1, (select sum(chunk_count)::int from libraries) as counted,
            (select count(*)::int from postings p, generate_series(0, length(p.entries) - 1, 8) as at
             where not exists (
               select from chunks c where c.library_id = p.library_id
               and int4send(c.chunk_id) = substr(p.entries, at + 1, 4))) as stray`,
  )
  return row ?? {}
}
