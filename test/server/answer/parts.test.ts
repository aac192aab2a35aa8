// Questions of several parts are cut where each part can be looked for alone, and nowhere else.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { queryTerms } from '../../../core/terms.ts'
import { partsOf } from '../../../server/answer/parts.ts'

const names = new Set(['Slack', 'Uber', 'Stripe', 'Lyft', 'Kafka'].flatMap(queryTerms))

function cut(query: string): string[] {
  return partsOf(query, () => names)
}

describe('a question of several parts is cut', () => {
  it.each([
    [
      'how did Stripe limit requests, and why did Uber shard its ledger?',
      ['how did Stripe limit requests', 'why did Uber shard its ledger?'],
    ],
    [
      'What is a token bucket? How does consistent hashing spread keys?',
      ['What is a token bucket', 'How does consistent hashing spread keys?'],
    ],
    [
      'which queue does Stripe run; what is the oldest database of Uber, and who wrote the first Lyft scheduler?',
      ['which queue does Stripe run', 'what is the oldest database of Uber', 'who wrote the first Lyft scheduler?'],
    ],
    ['What does Kafka do and what does Lyft do?', ['What does Kafka do', 'what does Lyft do?']],
  ])('between its questions: %j', (query, parts) => {
    expect(cut(query)).toEqual(parts)
  })

  it('with the name that a part leaves unsaid', () => {
    expect(cut('How does Slack deploy servers, and which databases do new teams choose?')).toEqual([
      'How does Slack deploy servers',
      'Slack which databases do new teams choose?',
    ])
  })

  it.each([
    ['caching at Uber vs. Lyft: what is kept?', ['caching at Uber: what is kept?', 'caching at Lyft: what is kept?']],
    ['Uber versus Lyft on Kafka', ['Uber on Kafka', 'Lyft on Kafka']],
    ['Compare caching at Uber and Lyft.', ['Compare caching at Uber.', 'Compare caching at Lyft.']],
    [
      'what is the difference between Uber and Lyft?',
      ['what is the difference between Uber?', 'what is the difference between Lyft?'],
    ],
  ])('between the names that it compares: %j', (query, parts) => {
    expect(cut(query)).toEqual(parts)
  })
})

describe('a question is left whole', () => {
  it.each([
    'How does Slack deploy its servers?',
    'How did Slack shard its database and move its cache?',
    // The second part cannot be found without the first.
    'which algorithm does Slack use, and how does that one hand out requests?',
    'the storage engine of Uber is a fork of what, and which database can use it too?',
    'who went with Kafka and who passed?',
    'Why did Stripe leave its monolith, and why?',
    // A statement is no question.
    "Uber's jobs go in a queue; which queue lists trips as a user?",
    // Joined, not compared; compared, but not by name.
    'Which services of Uber and Lyft run Kafka?',
    'compare optimistic and pessimistic locking',
    // Too many.
    'Which queue does Stripe run? What is the oldest database of Uber? How do trees merge pages? Why do caches drop old keys?',
    '',
    '? and how',
    'vs',
    'Uber vs',
  ])('%j', (query) => {
    expect(cut(query)).toEqual([])
  })

  it('and its names are not asked for when nothing could be compared', () => {
    const asked = vi.fn(() => names)
    expect(partsOf('How does Slack deploy its servers?', asked)).toEqual([])
    expect(asked).not.toHaveBeenCalled()
  })
})

it('a part never says what the question does not', () => {
  const word = fc.constantFrom(
    'how',
    'why did',
    'Uber',
    'Lyft',
    'vs',
    'compare',
    'and',
    ', and',
    '?',
    ';',
    'shard',
    'cache keys',
    'it',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 14 }), (bits) => {
      const query = bits.join(' ')
      const said = new Set(query.match(/\w+/g))
      const parts = cut(query)
      expect(parts).not.toHaveLength(1)
      for (const part of parts) for (const each of part.match(/\w+/g) ?? []) expect(said).toContain(each)
    }),
  )
})
