// What some may not read is not looked at: candidates, their figures and counts are those of a library without it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audienceNames } from '../../core/audience.ts'
import type { DocumentToSave, Store } from '../../core/ports.ts'
import { documentId } from '../../store/saving.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from '../support/database.ts'
import { repeats } from '../support/thorough.ts'
import { never, search, space, tinyDocument } from '../support/store-documents.ts'
import { wrapped } from '../support/wrapped.ts'

const north = [1, 0, 0, 0]

describe('a search for some audiences', () => {
  it('finds what is for everyone and what is for one of them, by words and by vectors', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    await store.documents.save(tinyDocument('all.md', [{ text: 'raft for all', vector: north }]))
    for (const audience of [['payments'], ['oncall', 'payments'], ['board']])
      await store.documents.save(
        tinyDocument(`${audience.join('-')}.md`, [{ text: `raft ${audience.join(' ')}`, vector: north }], { audience }),
      )
    const sources = async (audiences: string[] | undefined, question: string) => {
      const more = { vector: Float32Array.from(north), ...(audiences && { audiences }) }
      return (await search(store, question, more)).map(({ document }) => document.source).sort()
    }
    for (const question of ['raft', 'nothing of that']) {
      expect(await sources(undefined, question)).toHaveLength(4)
      expect(await sources([], question)).toEqual(['all.md'])
      expect(await sources(['#Payments', 'nobody'], question)).toEqual(['all.md', 'oncall-payments.md', 'payments.md'])
      expect(await sources(['oncall'], question)).toEqual(['all.md', 'oncall-payments.md'])
      expect(await sources(['@nobody', '#', 'a\0b', '\ud800'], question)).toEqual(['all.md'])
    }
  })

  it('keeps its recall however many others there are: the limit counts what may be read', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    const hidden = Array.from({ length: 450 }, (_, n) => ({ text: `raft raft number${n}`, vector: north }))
    await store.documents.save(tinyDocument('hidden.md', hidden, { audience: ['board'] }))
    await store.documents.save(
      tinyDocument('open.md', [{ text: 'a long text that says raft once', vector: [0.6, 0.8, 0, 0] }]),
    )
    const more = { limit: 1, audiences: [] }
    expect((await search(store, 'raft', more)).map(({ document }) => document.source)).toEqual(['open.md'])
    const byVector = await search(store, 'nothing', { ...more, vector: Float32Array.from(north) })
    expect(byVector.map(({ document, cosine }) => [document.source, cosine?.toFixed(2)])).toEqual([['open.md', '0.60']])
  })

  it('is a search in a library that holds nothing else, to the figure, whatever the names are', async () => {
    await using database = await openTestDatabase()
    let run = 0
    const word = fc.constantFrom('raft', 'quorum', 'shard', 'limit', 'cache')
    const name = fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        '#A',
        'it"s',
        "o'x",
        'x,y',
        '{a}',
        '{}',
        '\\',
        'null',
        'NULL',
        "'; drop table documents; --",
        '$1',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    )
    const document = fc.record({
      chunks: fc.array(
        fc.record({
          words: fc.array(word, { minLength: 1, maxLength: 6 }),
          angle: fc.double({ min: 0, max: 3, noNaN: true }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      audience: fc.array(name, { maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 5 }),
        fc.array(name, { maxLength: 3 }),
        async (documents, audiences) => {
          const asking = new Set(audienceNames(audiences))
          const saved = documents.map(({ chunks, audience }, n) => ({
            source: `${n}.md`,
            audience: audienceNames(audience),
            chunks: chunks.map(({ words, angle }) => ({
              text: words.join(' '),
              vector: [Math.cos(angle), Math.sin(angle), 0, 0],
            })),
          }))
          const readable = saved.filter(
            ({ audience }) => audience.length === 0 || audience.some((each) => asking.has(each)),
          )
          const [whole, only] = await Promise.all(
            [saved, readable].map(async (each, at) => {
              const library = `${at}-${run}`
              const store = await openStore(database, library, space)
              for (const { source, chunks, audience } of each)
                await store.documents.save(tinyDocument(source, chunks, { library, audience }))
              return { store, library }
            }),
          )
          run++
          const terms = ['raft', 'quorum', 'shard', 'limit', 'cache']
          expect(await figures(whole!, audiences)).toEqual(await figures(only!))
          expect(await whole!.store.search.readable(whole!.library, audiences, terms)).toEqual({
            chunks: (await only!.store.search.state(only!.library)).chunks,
            vocabulary: await only!.store.search
              .vocabulary(only!.library)
              .then((all) => new Map([...all].filter(([term]) => terms.includes(term)))),
          })
        },
      ),
      { numRuns: repeats(100) },
    )
  }, 60_000)
})

type Opened = { readonly store: Store; readonly library: string }

async function figures({ store, library }: Opened, audiences?: readonly string[]) {
  const vector = Float32Array.from([0.8, 0.6, 0, 0])
  const found = await search(store, 'raft quorum', { library, vector, limit: 3, ...(audiences && { audiences }) })
  return new Map(
    found.map(({ document, ordinal, words, cosine }) => [`${document.source}#${ordinal}`, [words, cosine]]),
  )
}

const saved = (audience: readonly string[]): DocumentToSave => tinyDocument('a.md', [{ text: 'raft' }], { audience })

describe('an audience that changes', () => {
  it('counts from its save on, and leaves no other copy to be found', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    const open = async () => (await search(store, 'raft', { audiences: [] })).length
    await store.documents.save(saved([]))
    expect(await open()).toBe(1)
    await store.documents.save(saved(['payments']))
    expect(await open()).toBe(0)
    expect(await search(store, 'raft', { audiences: ['payments'] })).toHaveLength(1)
    expect(await store.documents.find('main', documentId('main', 'a.md'))).toMatchObject({ audience: ['payments'] })
    // An earlier revision is of the same document, and for the same readers.
    const earlier = await store.documents.find('main', documentId('main', 'a.md'), saved([]).revision)
    expect(earlier).toMatchObject({ audience: ['payments'], current: false })
    await store.documents.save(saved([]))
    expect(await open()).toBe(1)
    expect(await store.documents.list('main', 9)).toMatchObject([{ audience: [] }])
  })

  it('to one that could not be read closes the document until it is saved again', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    await store.documents.save(saved([]))
    await store.documents.keepFromAll('main', 'a.md')
    await store.documents.keepFromAll('main', 'unknown.md')
    for (const audiences of [[], ['nobody'], ['@nobody'], ['#@nobody']])
      expect(await search(store, 'raft', { audiences })).toEqual([])
    expect(await search(store, 'raft')).toHaveLength(1)
    expect((await store.documents.known('main')).get('a.md')).toMatchObject({ isClosed: true })
    await store.documents.save(saved([]))
    expect(await search(store, 'raft', { audiences: [] })).toHaveLength(1)
    expect((await store.documents.known('main')).get('a.md')).toMatchObject({
      isClosed: false,
      revision: saved([]).revision,
    })
  })

  it('while it is searched for is not missed', async () => {
    await using database = await openTestDatabase()
    const store = await openStore(database, 'main', space)
    await store.documents.save(saved([]))
    let limited = false
    const racing = wrapped(database, ({ prepared }) => ({
      prepared: async (sql, parameters) => {
        // After its words were found, before its row is shown.
        if (sql.includes('c.headings') && !limited) {
          limited = true
          await store.documents.save(saved(['payments']))
        }
        return await prepared(sql, parameters)
      },
    }))
    const asked = await openStore(racing, 'main', space)
    const request = { library: 'main', terms: new Map([['raft', 1]]), vector: null, limit: 9 }
    expect(await asked.search.candidates({ ...request, audiences: [] }, never)).toEqual([])
    expect(limited).toBe(true)
  })
})

describe('the turns of a conversation', () => {
  it('keep whom they were asked for, and are told on only to those readers', async () => {
    await using database = await openTestDatabase()
    const { answers } = await openStore(database, 'main', space)
    const asked = { unlimited: undefined, open: [], payments: ['#Payments'], both: ['payments', 'oncall'] }
    for (const [question, audiences] of Object.entries(asked)) {
      const record = {
        id: `ans_${question}`,
        library: 'main',
        conversationId: 'con_1',
        question,
        mode: 'extractive' as const,
      }
      await answers.begin({ ...record, ...(audiences && { audiences }) })
      await database.query(`update answers set answer = '{"answer": "So."}' where answer_id = $1`, [record.id])
    }
    const kept = Object.keys(asked).map(async (question) => await answers.audiences('main', `ans_${question}`))
    expect(await Promise.all(kept)).toEqual([null, [], ['payments'], ['payments', 'oncall']])
    expect(await answers.audiences('main', 'ans_unknown')).toBeNull()
    const told = async (audiences?: string[]) =>
      (await answers.turns('main', 'con_1', 9, audiences)).map(({ question }) => question).sort()
    expect(await told()).toEqual(['both', 'open', 'payments', 'unlimited'])
    expect(await told([])).toEqual(['open'])
    expect(await told(['PAYMENTS'])).toEqual(['open', 'payments'])
    expect(await told(['oncall', '@payments', 'more'])).toEqual(['both', 'open', 'payments'])
  })
})
