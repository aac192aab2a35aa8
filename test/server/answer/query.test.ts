// A query as concepts, and how much of it some words hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toTerm, words } from '../../../core/terms.ts'
import { coverage, heldBy } from '../../../server/answer/match.ts'
import { type Concept, readConcepts, searchTerms, weighConcepts } from '../../../server/answer/query.ts'
import { parseSynonyms } from '../../../server/answer/synonyms.ts'

const synonyms = parseSynonyms('db = database = data store\nvm = virtual machine\nk8s = kubernetes')
const vocabulary = new Map(
  Object.entries({ databas: 50, shard: 5, rate: 30, limit: 20, stripe: 2, virtual: 8, machin: 40, redi: 9, store: 60 }),
)
const CHUNKS = 100

function read(query: string) {
  return readConcepts(query, synonyms, vocabulary)
}

function weigh(query: string): Concept[] {
  return weighConcepts(read(query), CHUNKS, vocabulary)
}

function termsIn(text: string): ReadonlySet<string> {
  return new Set(words(text).map(({ term }) => term))
}

describe('the concepts of a query', () => {
  it('are its words but those of its form, in order, each once', () => {
    expect(read('How does Stripe limit? And how does STRIPE shard?').map(({ asked, written }) => [asked, written])).toEqual([
      ['stripe', 'stripe'],
      ['limit', 'limit'],
      ['shard', 'shard'],
    ])
  })

  it('are its words of form when it has no other', () => {
    expect(read('Why?').map(({ asked }) => asked)).toEqual(['whi'])
    expect(read('?!')).toEqual([])
  })

  it('hold a listed phrase as one', () => {
    expect(read('Which virtual machines?').map(({ asked, written }) => [asked, written])).toEqual([
      ['virtual machin', 'virtual machines'],
    ])
  })

  it('count the word asked for fully and its synonym half', () => {
    expect(Object.fromEntries(read('databases')[0]!.terms)).toEqual({ databas: 1, db: 0.5, data: 0.25, store: 0.25 })
  })

  it('take a slip of the fingers for the word of the library, with its synonyms', () => {
    const [concept] = read('databsae')
    expect(concept?.asked).toBe(toTerm('databsae'))
    expect(concept?.terms.get('databas')).toBe(0.9)
    expect(concept?.terms.get('db')).toBe(0.5)
  })

  it('take two words in one apart', () => {
    expect(Object.fromEntries(read('ratelimits')[0]!.terms)).toEqual({ rate: 0.9, limit: 0.9 })
  })

  it('leave an unknown word alone that is listed or near nothing', () => {
    expect([...read('k8s')[0]!.terms.keys()]).toEqual(['k8s', 'kubernet'])
    expect([...read('zookeeper')[0]!.terms.keys()]).toEqual(['zookeep'])
  })

  it('search for every word with its best weight', () => {
    const terms = searchTerms(read('database data store'))
    expect(terms.get('databas')).toBe(1)
    expect(terms.get('store')).toBe(0.5)
  })
})

describe('a concept', () => {
  it('is known when any word of it stands in the library', () => {
    expect(weigh('stripe k8s db zookeeper').map(({ known }) => known)).toEqual([true, false, true, false])
  })

  it('is the rarer the fewer chunks hold it, and most of all when none does', () => {
    const [unknown, rare, common] = weigh('zookeeper stripe machines').map(({ rarity }) => rarity)
    expect(unknown).toBeGreaterThan(rare!)
    expect(rare).toBeGreaterThan(common!)
    expect(common).toBeGreaterThan(0)
  })

  it('is held by the best of its words', () => {
    const [concept] = weigh('database')
    expect(heldBy(concept!, termsIn('A database, or db.'))).toBe(1)
    expect(heldBy(concept!, termsIn('A db.'))).toBe(0.5)
    expect(heldBy(concept!, termsIn('Bread.'))).toBe(0)
  })

  // The whole phrase is the thing that was asked for.
  it.fails('that is a phrase is held fully by the whole phrase, and less by one word of it', () => {
    const [concept] = weigh('virtual machine')
    expect(heldBy(concept!, termsIn('A virtual machine.'))).toBe(1)
    expect(heldBy(concept!, termsIn('A machine.'))).toBeLessThan(1)
  })
})

describe('coverage', () => {
  it('counts a rare word more than a common one', () => {
    const concepts = weigh('Stripe machines')
    expect(coverage(concepts, termsIn('Stripe'))).toBeGreaterThan(coverage(concepts, termsIn('machines')))
  })

  it('is 0 for a query without words', () => {
    expect(coverage([], termsIn('Stripe'))).toBe(0)
  })

  it('lies between nothing and everything, grows with every word, and is the weighted mean that its name says', () => {
    const word = fc.constantFrom('stripe', 'shards', 'db', 'database', 'virtual', 'machine', 'zookeeper', 'ratelimit', 'redis')
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), fc.array(word, { maxLength: 6 }), word, (asked, held, more) => {
        const concepts = weigh(asked.join(' '))
        const terms = termsIn(held.join(' '))
        const share = coverage(concepts, terms)
        const naive =
          concepts.map((each) => each.rarity * Math.max(0, ...[...terms].map((term) => each.terms.get(term) ?? 0))).reduce((a, b) => a + b) /
          concepts.map(({ rarity }) => rarity).reduce((a, b) => a + b)
        expect(share).toBeCloseTo(naive, 12)
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(1 + 1e-9)
        expect(coverage(concepts, terms.union(termsIn(more)))).toBeGreaterThanOrEqual(share)
      }),
    )
  })
})
