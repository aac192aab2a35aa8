// Two sources that disagree: both are shown, with their dates, and the model is told to show both.
import { describe, expect, it } from 'vitest'
import type { DocumentText } from '../../../core/ports.ts'
import { compose } from '../../../server/answer/compose.ts'
import { depsOf, documentOf, eventsOf, expectLawful, libraryOf, questionOf } from '../../support/passages.ts'

function dated(name: string, publishedAt: string, text: string): DocumentText {
  return { ...documentOf(name, text), publishedAt }
}

const rest = 'The workspace id is the partition key of every sharded table, and the switch took five minutes.'

describe('two sources that disagree', () => {
  it.each<[string, string, string]>([
    ['How many shards does Notion run?', 'Notion runs 480 logical shards.', 'Notion runs 96 logical shards.'],
    [
      'How fast does the Stripe limiter answer?',
      'The Stripe limiter answers within 5 ms.',
      'The Stripe limiter answers within 20 ms at the median.',
    ],
    [
      'When did Slack replace PHP?',
      'Slack replaced PHP in 2016.',
      'Slack replaced PHP in 2020, after a long migration.',
    ],
    ['How many servers does WhatsApp run?', `WhatsApp runs 550 servers. ${rest}`, `WhatsApp runs 800 servers. ${rest}`],
  ])('%s', async (asked, before, after) => {
    const documents = [dated('before', '2016-05-01', before), dated('after', '2021-03-09', after)]
    const final = expectLawful(await eventsOf(questionOf(asked), depsOf(libraryOf(...documents))), documents)
    const quotes = final?.citations.map(({ quote, document }) => [quote, document.publishedAt]) ?? []
    expect(quotes).toContainEqual([before.replace(` ${rest}`, ''), '2016-05-01'])
    expect(quotes).toContainEqual([after.replace(` ${rest}`, ''), '2021-03-09'])
  })

  it('reach the model with their dates, and with the order to give both', async () => {
    const question = questionOf('How many shards does Notion run?')
    const documents = [
      dated('before', '2016-05-01', 'Notion runs 480 shards.'),
      dated('after', '2021-03-09', 'Notion runs 96 shards.'),
    ]
    const events = await eventsOf(question, depsOf(libraryOf(...documents)))
    const passages = events.flatMap((event) => (event.type === 'passages' ? event.passages : []))
    const [system, user] = (await compose(question, passages)).messages
    expect(user?.content).toMatch(/date="2016-05-01"[^]*480 shards|date="2021-03-09"[^]*96 shards/)
    expect(user?.content.match(/date="/g)).toHaveLength(2)
    expect(system?.content).toMatch(/disagree on the same fact, give both values/)
  })
})
