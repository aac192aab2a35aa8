// Ranking sets small enough to check by eye, and the SQL against the same formulas written naively.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DocumentToSave } from '../../core/ports.ts'
import { idf, termWeights } from '../../core/terms.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from '../support/database.ts'
import { never, search, space, type TinyChunk, tinyDocument } from '../support/store-documents.ts'

describe('words', () => {
  it('rank a rare word above a common one', async () => {
    expect(
      await ranking('limits quorum', [
        { text: 'limits limits limits protect services' },
        { text: 'a quorum decides' },
        { text: 'limits again' },
        { text: 'limits and more limits' },
      ]),
    ).toEqual(['a quorum decides', 'limits limits limits protect services', 'limits and more limits', 'limits again'])
  })

  it('of a heading count as words of the text', async () => {
    const headings = ['Results', 'Sharding']
    expect(await ranking('sharding', [{ text: 'it took a year', headings }, { text: 'it took a week' }])).toEqual([
      'it took a year',
    ])
  })

  it('of a question are alternatives, and more of them are better', async () => {
    expect(
      await ranking('kafka partitions', [
        { text: 'partitions of disks' },
        { text: 'the partitions of kafka' },
        { text: 'kafka brokers' },
        { text: 'nothing of that' },
      ]),
    ).toHaveLength(3)
    expect((await ranking('kafka partitions', [{ text: 'kafka' }, { text: 'kafka partitions' }]))[0]).toBe(
      'kafka partitions',
    )
  })

  it('match in any inflection', async () => {
    expect(await ranking('how was it sharded?', [{ text: 'Sharding Postgres' }])).toEqual(['Sharding Postgres'])
  })

  it('rank a short chunk above a long one that says a word as often', async () => {
    const [best] = await ranking('cache', [{ text: `cache ${'and other things '.repeat(60)}` }, { text: 'a cache' }])
    expect(best).toBe('a cache')
  })

  it('that are nowhere find nothing', async () => {
    expect(await ranking('zebra', [{ text: 'a horse' }])).toEqual([])
    expect(await ranking('zebra', [])).toEqual([])
  })

  it('score as the naive BM25 does, on any small library', async () => {
    await using database = await openTestDatabase()
    let run = 0
    const word = fc.constantFrom('raft', 'quorum', 'shard', 'limit', 'cache', 'queue', 'lease')
    const text = fc.array(word, { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(text, { maxLength: 4 }), { maxLength: 5 }),
        fc.uniqueArray(word),
        async (texts, asked) => {
          const library = `library-${run++}`
          const store = await openStore(database, library, space)
          const documents = texts.map((chunks, n) =>
            tinyDocument(
              `${n}.md`,
              chunks.map((each) => ({ text: each.join(' ') })),
              { library },
            ),
          )
          for (const each of documents) await store.documents.save(each)
          const terms = new Map(asked.map((term, n) => [term, 1 + n / 2]))
          const found = await store.search.candidates({ library, terms, vector: null, limit: 100 }, never)
          const scores = Object.fromEntries(
            found.map((each) => [`${each.document.source}#${each.ordinal}`, each.words]),
          )
          const naive = naiveScores(documents, terms)
          expect(Object.keys(scores).sort()).toEqual(Object.keys(naive).sort())
          for (const [place, score] of Object.entries(naive)) expect(scores[place]).toBeCloseTo(score, 4)
          expect(found.map((each) => each.words)).toEqual(Object.values(scores).sort((a, b) => b - a))
          const { chunks } = await store.search.state(library)
          expect(chunks).toBe(documents.flatMap((each) => each.chunks).length)
          const vocabulary = await store.search.vocabulary(library)
          for (const term of asked) expect(vocabulary.get(term) ?? 0).toBe(countHolding(documents, term))
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('vectors', () => {
  const chunks = [
    { text: 'north', vector: [1, 0, 0, 0] },
    { text: 'north-east', vector: [0.8, 0.6, 0, 0] },
    { text: 'south', vector: [-1, 0, 0, 0] },
    { text: 'a word without direction', vector: [0, 0, 0, 0] },
  ]

  it('find what shares no word with the question', async () => {
    const found = await candidates('compass', chunks, { vector: Float32Array.from([0.9, 0.1, 0, 0]), limit: 2 })
    expect(found.map(({ text }) => text).sort()).toEqual(['north', 'north-east'])
  })

  it('have the dot product of unit vectors as their cosine', async () => {
    const vector = Float32Array.from([0.6, 0.8, 0, 0])
    const found = await candidates('compass', chunks, { vector })
    const cosines = Object.fromEntries(found.map(({ text, cosine }) => [text, cosine]))
    expect(cosines['north']).toBeCloseTo(0.6, 5)
    expect(cosines['north-east']).toBeCloseTo(0.96, 5)
    expect(cosines['south']).toBeCloseTo(-0.6, 5)
  })

  it('of zeros are found by words alone', async () => {
    const vector = Float32Array.from([1, 0, 0, 0])
    expect((await candidates('compass', chunks, { vector })).map(({ text }) => text)).not.toContain(
      'a word without direction',
    )
    const [found] = await candidates('direction', chunks, { vector })
    expect(found).toMatchObject({ text: 'a word without direction', cosine: null })
  })

  it('of a question that are zeros or missing leave the search to the words', async () => {
    for (const vector of [null, new Float32Array(4)]) {
      const found = await candidates('north', chunks, { vector })
      expect(found.map(({ text, cosine }) => [text, cosine])).toEqual([
        ['north', null],
        ['north-east', null],
      ])
    }
  })

  it('and words each bring their own best, as one list without doubles', async () => {
    const vector = Float32Array.from([-1, 0, 0, 0])
    const found = await candidates('north', chunks, { vector, limit: 1 })
    expect(found.map(({ text }) => text)).toEqual(['north', 'south'])
    const both = await candidates('south', chunks, { vector, limit: 1 })
    expect(both).toHaveLength(1)
    expect(both[0]!.words).toBeGreaterThan(0)
    expect(both[0]!.cosine).toBeCloseTo(1, 5)
  })

  it('find chunks with the words they hold, also those that are not among the best by words', async () => {
    const twice = { text: 'north north', vector: [-1, 0, 0, 0] }
    const once = { text: 'a word on the north', vector: [1, 0, 0, 0] }
    const all = await candidates('north', [twice, once])
    const best = await candidates('north', [twice, once], { limit: 1, vector: Float32Array.from(once.vector) })
    expect(best.map(({ text, words }) => [text, words])).toEqual(all.map(({ text, words }) => [text, words]))
    expect(best).toHaveLength(2)
  })

  it('are ordered exactly, however alike their signs are', async () => {
    const alike = Array.from({ length: 40 }, (_, n) => {
      const angle = (n * Math.PI) / 81
      return { text: `chunk ${n}`, vector: [Math.cos(angle), Math.sin(angle), 0, 0] }
    })
    const found = await candidates('nothing', alike, { vector: Float32Array.from([1, 0.001, 0, 0]), limit: 5 })
    expect(found.map(({ text }) => text).sort()).toEqual(['chunk 0', 'chunk 1', 'chunk 2', 'chunk 3', 'chunk 4'])
  })
})

describe('a candidate', () => {
  it('says where it stands and of what', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    const document = tinyDocument('a.md', [{ text: 'first' }, { text: 'second', headings: ['A', 'B'] }], { title: 'A' })
    await store.documents.save({ ...document, parsed: { ...document.parsed, url: 'https://example.com' } })
    const [found] = await search(store, 'second')
    expect(found).toEqual({
      chunkId: expect.any(Number) as number,
      ordinal: 1,
      document: {
        id: expect.stringMatching(/^doc_[0-9a-f]{20}$/) as string,
        title: 'A',
        source: 'a.md',
        url: 'https://example.com',
        revision: document.revision,
        publishedAt: null,
      },
      headings: ['A', 'B'],
      span: { start: 7, end: 13 },
      text: 'second',
      words: expect.any(Number) as number,
      cosine: null,
    })
  })
})

describe('a search that is left', () => {
  it('stops waiting at once, whatever the database does', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    const leaving = new AbortController()
    const request = { library: 'main', terms: new Map([['a', 1]]), vector: null, limit: 5 }
    const waiting = store.search.candidates(request, leaving.signal)
    leaving.abort(new Error('the reader left'))
    await expect(waiting).rejects.toThrow('the reader left')
    await expect(store.search.candidates(request, leaving.signal)).rejects.toThrow('the reader left')
    expect(await store.search.candidates(request, never)).toEqual([])
  })
})

async function candidates(question: string, chunks: readonly TinyChunk[], more: Parameters<typeof search>[2] = {}) {
  await using database = await openTestDatabase()
  const store = await openStore(database, 'main', space)
  await store.documents.save(tinyDocument('a.md', chunks, { title: 'Notes' }))
  return await search(store, question, more)
}

async function ranking(question: string, chunks: readonly TinyChunk[]): Promise<string[]> {
  return (await candidates(question, chunks)).map(({ text }) => text)
}

/** BM25 over all chunks, from the texts: no postings, no SQL. Chunks without any of the terms are left out. */
function naiveScores(documents: readonly DocumentToSave[], terms: ReadonlyMap<string, number>): Record<string, number> {
  const total = documents.flatMap(({ chunks }) => chunks).length
  const scores: Record<string, number> = {}
  for (const { source, chunks } of documents)
    for (const { ordinal, headings, text } of chunks) {
      const weights = termWeights(headings, text)
      const asked = [...terms].filter(([term]) => weights.has(term))
      const parts = asked.map(
        ([term, boost]) => boost * (weights.get(term) ?? 0) * idf(total, countHolding(documents, term)),
      )
      if (parts.length > 0) scores[`${source}#${ordinal}`] = parts.reduce((sum, part) => sum + part)
    }
  return scores
}

function countHolding(documents: readonly DocumentToSave[], term: string): number {
  return documents.flatMap(({ chunks }) => chunks).filter(({ headings, text }) => termWeights(headings, text).has(term))
    .length
}
