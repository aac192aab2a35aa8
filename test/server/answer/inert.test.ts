// What a model's text may bring and what may come together in it: each rule by example, on the way to the reader.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fakeGenerator } from '../../../models/fake.ts'
import { createMarkerReader } from '../../../server/answer/cite.ts'
import { newDraft } from '../../../server/answer/draft.ts'
import { inertly, mustStandApart } from '../../../server/answer/inert.ts'
import { createStatementWriter } from '../../../server/answer/statements.ts'
import { markingOnly } from '../../../server/answer/verdicts.ts'
import { depsOf, documentOf, eventsOf, expectLawful, libraryOf, questionOf } from '../../support/passages.ts'

const documents = [
  documentOf('redis', '# Redis\nRedis keeps the counts of every user. Lua scripts make the updates atomic.'),
  documentOf('kafka', '# Kafka\nKafka orders the events of one partition. Redis counts are sent to Kafka.'),
]
const library = libraryOf(...documents)
const question = questionOf('How does Redis keep the counts of users?')

/** What comes of a reply to a model that was shown no passage. */
function read(deltas: readonly string[]): string {
  const reader = inertly(createMarkerReader(0))
  const draft = newDraft(question, 'generative', { generator: null, embedder: { space: 'fake' } })
  const writer = createStatementWriter(draft, [])
  const tokens = [...deltas.flatMap((delta) => reader.push(delta)), ...reader.end()]
  for (const token of tokens) if (token.type === 'text') Array.from(writer.text(token.text))
  Array.from(writer.end())
  return draft.now().answer
}

async function answered(reply: string, policy = markingOnly) {
  const events = await eventsOf(question, depsOf(library, { policy, generator: fakeGenerator([reply]) }))
  return { answer: expectLawful(events, documents) }
}

it('is made inert alike however it was cut', () => {
  const part = fc.constantFrom(...'<|a|://|www|.|@|[|1|]|(|:|\n| |!|/|`'.split('|'))
  fc.assert(
    fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
      expect(read(parts)).toBe(read([parts.join('')]))
    }),
    { numRuns: 3_000 },
  )
})

const withheld = { withholds: true, check: null }

describe('what stands apart in a reply does not come together in the answer', () => {
  it.each([
    [
      'behind a footnote that it did not have',
      'Kafka orders the events of one partition。(http:evil.example/?q=1)',
      markingOnly,
      'Kafka orders the events of one partition。 [1] (http:evil.example/?q=1)',
    ],
    [
      'where a footnote was lost',
      'Zebras fly high <[1]!-- Redis keeps the counts of every user [1].',
      markingOnly,
      'Zebras fly high < !-- Redis keeps the counts of every user [1].',
    ],
    [
      'where a sentence was withheld',
      'Redis keeps the counts [1] of every user <\nRedis never keeps the counts of every user [1]Redis keeps the counts of every user>',
      withheld,
      'Redis keeps the counts [1] of every user < Redis keeps the counts of every user> [1]',
    ],
    [
      'of an address, where a footnote was lost',
      'Redis keeps the counts of every user [1]. Zebras at //zoo[1].test/x fly.',
      markingOnly,
      'Redis keeps the counts of every user [1]. Zebras at //zoo .test/x fly.',
    ],
    [
      'of a definition over two lines',
      'Redis keeps the counts of every user [1].\n\n[r\nx]: /documents/doc_kafka',
      markingOnly,
      'Redis keeps the counts of every user [1].\n\n[r\nx] : /documents/doc_kafka',
    ],
  ])('%s', async (_where, reply, policy, text) => {
    expect((await answered(reply, policy)).answer?.answer).toBe(text)
  })

  it('and neither do the words around a withheld sentence', async () => {
    const contrary = 'Redis never keeps the counts of every user [1]'
    const { answer } = await answered(
      `Redis keeps the counts [1] of every user\n${contrary}Redis keeps counts.`,
      withheld,
    )
    expect(answer?.answer).toContain('of every user Redis keeps counts')
  })

  it.each([
    ['a]', '('],
    ['[a\nb]', ':'],
    ['[12', ']'],
    ['http:/', '/'],
    ['<', '/'],
    ['<', 'a'],
    ['<', '!'],
    ['a@', 'b'],
    ['(www', '.'],
    ['www[.]a', '.'],
    ['//a', '.'],
  ])('and %j does not stand before %j', (before, character) => {
    expect(mustStandApart((characters) => before.slice(-characters), character)).toBe(true)
  })

  it.each([
    ['a)', '('],
    ['a [1]', ':'],
    ['[a]\n\nb]', ':'],
    ['[1234', ']'],
    ['a:', '/'],
    ['/', '/'],
    ['< ', 'a'],
    ['<', '='],
    ['a@', '1'],
    ['awww', '.'],
    ['www[.]a b', '.'],
    ['//a[', '.'],
    ['redis', '.'],
  ])('while %j may stand before %j', (before, character) => {
    expect(mustStandApart((characters) => before.slice(-characters), character)).toBe(false)
  })

  it('and an address ends at a footnote', async () => {
    const { answer } = await answered('Redis keeps the counts of every user at https://redis.test[1]. Lua scripts.')
    expect(answer?.answer).toContain('https[:]//redis[.]test [1]. Lua')
  })
})

describe('made inert', () => {
  it.each([
    ['a < b and c <= d', 'a < b and c <= d'],
    ['Map<String>', 'Map‹String>'],
    ['see [docs](x)', 'see [docs] (x)'],
    ['https://evil.example/a.png. So', 'https[:]//evil[.]example/a[.]png[.] So'],
    ['at 10:30: go', 'at 10:30: go'],
    ['www.evil.example', 'www[.]evil[.]example'],
    ['pinned@1.2 by a@b', 'pinned@1.2 by a＠b'],
    ['`array[7]`', '`array[ 7]`'],
    ['[r]: x', '[r] : x'],
    ['as in [r]: x', 'as in [r]: x'],
    ['[2023]', '[2023]'],
    ['redis.io and a/b', 'redis.io and a/b'],
    ['<', '<'],
    ['ends in :/', 'ends in :/'],
  ])('%j is %j', (text, inert) => {
    expect(read([text])).toBe(inert)
  })
})
