// A query as concepts, and how much of it some words hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { words } from '../../../core/terms.ts'
import { coverage, heldBy } from '../../../server/answer/match.ts'
import { type Concept, readConcepts, searchTerms, writtenNames } from '../../../server/answer/query.ts'
import { parseSynonyms } from '../../../server/answer/synonyms.ts'

const synonyms = parseSynonyms('db = database = data store\nvm = virtual machine\nk8s = kubernetes')
const vocabulary = new Map(
  Object.entries({ databas: 50, shard: 5, rate: 30, limit: 20, stripe: 2, virtual: 8, machin: 40, redi: 9, store: 60 }),
)

function read(query: string): Concept[] {
  return readConcepts(query, synonyms, { chunks: 100, vocabulary })
}

/** The senses of a query of one concept: words → weight. */
function senses(query: string): Record<string, number> {
  const [concept] = read(query)
  return Object.fromEntries(concept!.senses.map(({ words, weight }) => [words.join(' '), weight]))
}

function termsIn(text: string): ReadonlySet<string> {
  return new Set(words(text).map(({ term }) => term))
}

const isWord = (written: string) => ['shared', 'ratelimits'].includes(written)

describe('the concepts of a query', () => {
  it('are its words but those of its form, in order, each once', () => {
    expect(read('How does Stripe limit? And how does STRIPE shard?').map(({ written }) => written)).toEqual([
      'stripe',
      'limit',
      'shard',
    ])
  })

  it('are its words of form when it has no other', () => {
    expect(senses('Why?')).toEqual({ whi: 0.9 })
    expect(read('?!')).toEqual([])
  })

  it('hold a listed phrase as one', () => {
    expect(read('Which virtual machines?').map(({ written }) => written)).toEqual(['virtual machines'])
    expect(senses('virtual machines')).toEqual({ 'virtual machin': 1, vm: 0.5 })
  })

  it('count the word asked for fully and its synonym half', () => {
    expect(senses('databases')).toEqual({ databas: 1, db: 0.5, 'data store': 0.5 })
  })

  it('take a slip of the fingers for the word of the library, with its synonyms', () => {
    expect(senses('databsae')).toEqual({ databas: 0.9, db: 0.5, 'data store': 0.5 })
  })

  it('leave a word alone that people write, though one of the library is near it, but take two in one apart', () => {
    const known = { chunks: 100, vocabulary }
    const asked = (query: string, test?: typeof isWord) =>
      readConcepts(query, synonyms, known, test)[0]?.senses[0]?.words
    expect(asked('sharded shared')).toEqual(['shard'])
    expect(asked('shared')).toEqual(['shard'])
    expect(asked('shared', isWord)).toEqual(['share'])
    expect(asked('ratelimits', isWord)).toEqual(['rate', 'limit'])
  })

  it('take two words in one apart', () => {
    expect(senses('ratelimits')).toEqual({ 'rate limit': 0.9 })
  })

  it('leave an unknown word alone that is listed or near nothing', () => {
    expect(Object.keys(senses('k8s'))).toEqual(['k8s', 'kubernet'])
    expect(Object.keys(senses('zookeeper'))).toEqual(['zookeep'])
  })

  it('hold a word of form that is written as a name, but not one that opens a sentence', () => {
    expect(read('Is it slow? And why not in Go?').map(({ written }) => written)).toEqual(['slow', 'go'])
    expect(writtenNames('Is The Well in GFS? And who is Alex Petrov?')).toEqual(['The Well', 'GFS', 'Alex Petrov'])
  })

  it('search for every word with its best weight, two synonyms of a word for less than two', () => {
    const half = expect.closeTo(0.5 / Math.sqrt(2), 5)
    const quarter = expect.closeTo(0.25 / Math.sqrt(2), 5)
    expect(Object.fromEntries(searchTerms(read('database')))).toEqual({
      databas: 1,
      db: half,
      data: quarter,
      store: quarter,
    })
    expect(Object.fromEntries(searchTerms(read('db data')))).toMatchObject({ databas: half, data: 0.9 })
    expect(Object.fromEntries(searchTerms(read('ratelimit')))).toEqual({ rate: 0.9, limit: 0.9 })
  })
})

describe('a concept', () => {
  it('is known when any word of it stands in the library', () => {
    expect(read('stripe k8s db zookeeper').map(({ known }) => known)).toEqual([true, false, true, false])
  })

  it('is the rarer the fewer chunks hold it, and most of all when none does', () => {
    const [unknown, rare, common] = read('zookeeper stripe machines').map(({ rarity }) => rarity)
    expect(unknown).toBeGreaterThan(rare!)
    expect(rare).toBeGreaterThan(common!)
    expect(common).toBeGreaterThan(0)
  })

  it('is held by the best of its words', () => {
    const [concept] = read('database')
    expect(heldBy(concept!, termsIn('A database, or db.'))).toBe(1)
    expect(heldBy(concept!, termsIn('A db.'))).toBe(0.5)
    expect(heldBy(concept!, termsIn('Bread.'))).toBe(0)
  })

  it('that is a phrase is held fully by the whole phrase, and less by one word of it', () => {
    const [concept] = read('virtual machine')
    expect(heldBy(concept!, termsIn('A virtual machine.'))).toBe(1)
    expect(heldBy(concept!, termsIn('A machine.'))).toBeLessThan(heldBy(concept!, termsIn('A vm.')) + 1e-9)
  })
})

describe('coverage', () => {
  it('counts a rare word more than a common one', () => {
    const concepts = read('Stripe machines')
    expect(coverage(concepts, termsIn('Stripe'))).toBeGreaterThan(coverage(concepts, termsIn('machines')))
  })

  it('is 0 for a query without words', () => {
    expect(coverage([], termsIn('Stripe'))).toBe(0)
  })

  it('lies between nothing and everything, grows with every word, and is the weighted mean that its name says', () => {
    const word = fc.constantFrom(
      'stripe',
      'shards',
      'db',
      'database',
      'virtual',
      'machine',
      'zookeeper',
      'ratelimit',
      'redis',
    )
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 6 }),
        fc.array(word, { maxLength: 6 }),
        word,
        (asked, held, more) => {
          const concepts = read(asked.join(' '))
          const terms = termsIn(held.join(' '))
          const share = coverage(concepts, terms)
          const naive =
            concepts.map((each) => each.rarity * heldBy(each, terms)).reduce((a, b) => a + b) /
            concepts.map(({ rarity }) => rarity).reduce((a, b) => a + b)
          expect(share).toBeCloseTo(naive, 12)
          expect(share).toBeGreaterThanOrEqual(0)
          expect(share).toBeLessThanOrEqual(1 + 1e-9)
          expect(coverage(concepts, terms.union(termsIn(more)))).toBeGreaterThanOrEqual(share)
        },
      ),
    )
  })
})
