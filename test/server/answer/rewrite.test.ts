// Follow-ups become questions that stand alone; questions that do stay as they are.
import { describe, expect, it } from 'vitest'
import type { Turn } from '../../../core/types.ts'
import { rewrite } from '../../../server/answer/rewrite.ts'

function after(...questions: readonly string[]): Turn[] {
  return questions.map((question) => ({ question, answer: 'So it is.' }))
}

const history = after('How did Notion shard Postgres?')

describe('a follow-up', () => {
  it.each([
    'and how long did it take?',
    'And the partition key?',
    'But what about downtime?',
    'What about failover?',
    'how about backups?',
    'How did they test it?',
    'Why did it take so long to finish?',
    'Which tools did they use for the move?',
    'What were its biggest problems?',
    'How did Kafka help them?',
    'Which of its tables did Kafka feed?',
    'What throughput and freshness does it have to meet?',
    "What's bad about that approach?",
    'What are some of those checks?',
    'How does that work?',
    'Is this still the case with newer versions?',
    'Which other algorithms get described there?',
    'Did Figma do the same?',
    'Why?',
    'why not',
    'Which database?',
    'How many copies?',
    'What was the downtime?',
    'Why was the database chosen?',
    'When a node fails, how do they move it?',
    'Was it worth it, and what did they learn?',
    'What about Stripe?',
    'ok, and how many tables were created?',
    'And what was the tool named that moved the DBs?',
    'So did engineers write a migration tool?',
    'But how did Kafka help them?',
    'Why did Kafka?',
  ])('is led by the subject it points back to: %j', (text) => {
    expect(rewrite({ text, history })).toBe(`Notion shard Postgres ${text}`)
  })

  it('says no word twice', () => {
    expect(rewrite({ text: 'And why did they shard by workspace?', history })).toBe(
      'Notion Postgres And why did they shard by workspace?',
    )
  })

  it('of a follow-up goes back to what the first one asked about', () => {
    const turns = [...history, ...after('And how did they test it?')]
    expect(rewrite({ text: 'Why?', history: turns })).toBe('Notion shard Postgres test Why?')
  })

  it('of a follow-up with words of its own leaves out what was asked in between', () => {
    const turns = [...history, ...after('And how did they test it?')]
    expect(rewrite({ text: 'And what about downtime?', history: turns })).toBe(
      'Notion shard Postgres And what about downtime?',
    )
  })

  it('carries over what was asked about, not how the reader talks', () => {
    const turns = after('Thanks, I see. Can you tell me how many limiters Stripe runs?')
    expect(rewrite({ text: 'Why so many?', history: turns })).toBe('limiters Stripe runs Why so many?')
    expect(rewrite({ text: 'Why?', history: [...turns, ...after('ok thanks')] })).toBe('limiters Stripe runs Why?')
  })

  it('of a question that stands alone goes back no further', () => {
    const turns = [...history, ...after('How does Stripe limit requests?')]
    expect(rewrite({ text: 'And why do they?', history: turns })).toBe('Stripe limit requests And why do they?')
  })

  it('of many follow-ups does not carry the whole conversation', () => {
    const turns = [...history, ...after('and a alpha?', 'and a beta?', 'and a gamma?', 'and a delta?')]
    const query = rewrite({ text: 'And why?', history: turns })
    expect(query).toContain('delta')
    expect(query).not.toContain('Notion')
  })

  it('of nothing stays as it is', () => {
    expect(rewrite({ text: 'And why?', history: [] })).toBe('And why?')
  })
})

describe('a question that stands alone stays as it is', () => {
  it.each([
    'How does Stripe limit the rate of requests?',
    'What is sharding?',
    "What's a token bucket?",
    'Who is Martin Kleppmann?',
    'What is The Well?',
    'When can a cache make things slower?',
    'Why did Just Landed shut down?',
    'How did the craft marketplace keep its old build pipeline?',
    'How does a box turn several answers about what time it is into one?',
    'Why would the search giant not buy fancy servers for its storage?',
    'How does Kafka guarantee that messages stay in order?',
    'Which team rewrote the queries that crossed areas?',
    'Is there a limit on the size of a message in Kafka?',
    'What stops two machines from running the same job at once?',
    'Airbnb and GitHub both began with Rails: why did Airbnb leave?',
    'What is a bloom filter and how is it sized?',
    'Why did Uber shard its ledger?',
    'How many kinds of load balancers are there?',
    'I read about leader election. Why does it need a quorum?',
    'Speaking about vector clocks, when are they worth it?',
    'ok, what is a token bucket?',
    'Ok so what are vector clocks?',
    "what about Stripe's rate limiter?",
    'And why did Khan Academy choose Go?',
    'but how does netflix shed load?',
    'Then how do Go services at Khan Academy share types?',
    'What about load shedding at Netflix?',
    'What does Vortex do?',
  ])('%j', (text) => {
    expect(rewrite({ text, history })).toBe(text)
  })

  it.each(['', ' ', '?!', '🚦', '限流是什么意思呢我想知道'])('or comes back whole when it is odd: %j', (text) => {
    expect(rewrite({ text, history })).toContain(text)
    expect(rewrite({ text: 'And why?', history: after(text) })).toContain('And why?')
  })
})
