// Words are cut, folded and stemmed alike for chunks and for questions.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idf, queryTerms, termWeights, toTerm, wholeWords, words } from '../../core/terms.ts'

describe('a term', () => {
  it.each([
    [['sharding', 'Sharded', 'SHARDS', 'shard'], 'shard'],
    [['limiter’s', "limiter's", 'limiters', 'limiter'], toTerm('limiter')],
    [['Café', 'cafe', 'CAFÉ', 'cafe\u0301'], 'cafe'],
    [['1,000', '1000'], '1000'],
    [['99.99'], '99.99'],
    [['don’t', "don't"], toTerm('dont')],
    [['ﬁle', 'file', 'FILES'], 'file'],
  ])('is one for %j', (spellings, term) => {
    expect([...new Set(spellings.map(toTerm))]).toEqual([term])
  })

  it('keeps apart what means something else', () => {
    expect(new Set(['1.5', '15', 'http', 'https', 'node', 'database'].map(toTerm)).size).toBe(6)
  })
})

describe('a question', () => {
  it.each([
    ['Str\u200bipe', 'Stripe'],
    ['rate\u00adlimit', 'ratelimit'],
    ['S\u202at\u2069\ufeffripe 4\u200b80', 'Stripe 480'],
    ['How does\u200b Stripe\u202c work?', 'How does\u200b Stripe\u202c work?'],
    // A joiner is a part of what is written in other scripts, and of a picture.
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['👩\u200d🔬', '👩\u200d🔬'],
  ])('%j has its words whole', (written, whole) => {
    expect(wholeWords(written)).toBe(whole)
  })
})

describe('words', () => {
  it('are found in order, each at its place', () => {
    const text = 'Stripe’s API 🚦 handles 1,000,000 requests/s (99.99 %).'
    expect(words(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'Stripe’s',
      'API',
      'handles',
      '1,000,000',
      'requests',
      's',
      '99.99',
    ])
  })

  it('of any text have places inside it, in order, and are never empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        let last = 0
        for (const { term, start, end } of words(text)) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(end).toBeGreaterThan(start)
          expect(term).not.toBe('')
          last = end
        }
        expect(last).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 500 },
    )
  })
})

/** The weight of a word that is said so many times in a text of 20 words. */
const weight = (times: number): number =>
  termWeights([], `${'cache '.repeat(times)}${'word '.repeat(20 - times)}`).get('cach') ?? 0

describe('term weights', () => {
  it('grow with every mention, each time by less', () => {
    const steps = [1, 2, 3, 4].map((times) => weight(times + 1) - weight(times))
    expect(weight(1)).toBeGreaterThan(0)
    for (const step of steps) expect(step).toBeGreaterThan(0)
    expect([...steps].sort((a, b) => b - a)).toEqual(steps)
    expect(weight(20)).toBeLessThan(2.2)
  })

  it('are smaller in a longer text', () => {
    const short = termWeights([], 'a cache').get('cach') ?? 0
    const long = termWeights([], `a cache ${'and so on '.repeat(100)}`).get('cach') ?? 0
    expect(short).toBeGreaterThan(long)
  })

  it('count headings as text', () => {
    expect(termWeights(['Sharding'], 'took a year').get('shard')).toBeGreaterThan(0)
    expect(termWeights(['Sharding'], 'sharding').get('shard')).toBeGreaterThan(
      termWeights([], 'sharding').get('shard') ?? 9,
    )
  })
})

describe('idf', () => {
  it('is higher for rarer words and never negative', () => {
    const values = [0, 1, 10, 50, 99, 100].map((holding) => idf(100, holding))
    expect([...values].sort((a, b) => b - a)).toEqual(values)
    for (const value of [...values, idf(0, 0), idf(1, 5)]) expect(value).toBeGreaterThan(0)
  })

  it('is Lucene’s', () => {
    expect(idf(1000, 10)).toBeCloseTo(Math.log(1 + 990.5 / 10.5), 10)
  })
})

describe('the terms of a question', () => {
  it('are its words without those that only ask, each once', () => {
    expect(queryTerms('How did Stripe limit the rate, and what limits did Stripe use?')).toEqual(
      ['stripe', 'limit', 'rate'].map(toTerm),
    )
  })

  it('are all of its words when nothing else would be left', () => {
    expect(queryTerms('What is it?').length).toBeGreaterThan(0)
    expect(queryTerms('…')).toEqual([])
  })
})

describe('term weights', () => {
  it('are those of counting word by word, in the order in which terms first come', () => {
    const word = fc.oneof(fc.constantFrom('Shard', 'sharding', 'SHARDS', 'café', '1,000', '1000', "don't"), fc.string())
    fc.assert(
      fc.property(fc.array(word), fc.array(word, { maxLength: 4 }), (body, headings) => {
        const all = [...words(body.join(' ')), ...words(headings.join('\n'))].map(({ term }) => term)
        const length = 0.25 + (0.75 * all.length) / 170
        const plain = [...new Set(all)].map((term) => {
          const count = all.filter((each) => each === term).length
          return [term, (count * 2.2) / (count + 1.2 * length)]
        })
        expect([...termWeights(headings, body.join(' '))]).toEqual(plain)
      }),
    )
  })
})
