// The contract of an answer without a model. Which sentences are chosen is a matter of weights, and not tested here.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Passage } from '../../../core/types.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { newDraft } from '../../../server/answer/draft.ts'
import { extract } from '../../../server/answer/extract.ts'
import { introduces, piecesOfAll, pointsBack } from '../../../server/answer/pieces.ts'
import { piecesOf } from '../../../server/answer/sentences.ts'
import { shipped } from '../../../server/answer/steps.ts'
import { foundOf, never, passageOf, passagesOf, questionOf } from '../../support/passages.ts'

const embedder = fakeEmbedder()

async function extracted(query: string, passages: readonly Passage[], parts: readonly string[] = []) {
  const draft = newDraft(questionOf(query), 'extractive', { generator: null, embedder })
  const found = { ...foundOf(query), parts: parts.map((part) => foundOf(part)) }
  const stream = extract(draft, found, passages, { sentenceEmbedder: embedder, steps: shipped }, never)
  const events = []
  let step = await stream.next()
  for (; !step.done; step = await stream.next()) events.push(step.value)
  const final = draft.finish('answered')
  return { ...final, events, outcome: step.value, quotes: final.citations.map(({ quote }) => quote) }
}

function wordsIn(text: string): number {
  return text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word) && !/^\[\d+\]$/.test(word)).length
}

const list =
  'Stripe runs four limiters:\n- a request limiter\n- a concurrency limiter\n- a fleet shedder\n- a worker shedder'

function twelveOf(name: string): string {
  return Array.from(
    { length: 12 },
    (_, index) =>
      `${name} counts ${['requests', 'users', 'calls'].map((what) => what + index).join(', ')} by bucket${index}.`,
  ).join(' ')
}

describe('an extract', () => {
  it('is a verbatim sentence with its footnote', async () => {
    const { answer, statements, outcome } = await extracted(
      'Who counts requests?',
      passagesOf('Redis counts the requests of every user.', 'Bread needs flour.'),
    )
    expect(outcome).toBe('answered')
    expect(answer).toContain('Redis counts the requests of every user. [')
    expect(statements[0]).toMatchObject({ start: 0, verdict: 'verbatim' })
  })

  it('brings the list that its sentence introduces, whole and in order', async () => {
    const { answer } = await extracted('Which limiters does Stripe run?', passagesOf(list))
    const places = list.split('\n').map((line) => answer.indexOf(line.replace('- ', '')))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(answer).toContain('\n- a fleet shedder')
  })

  it('introduces no list whose entries another part of the question has told already', async () => {
    const text =
      'Stripe runs limiters:\n- request counters for the calls of users\n- load shedders for the calls of tests'
    const parts = [
      'Who has request counters or load shedders for the calls of users and tests?',
      'How does Stripe limit?',
    ]
    const { quotes } = await extracted(parts.join(' '), passagesOf(text), parts)
    expect(quotes).toEqual(['request counters for the calls of users', 'load shedders for the calls of tests'])
  })

  it('brings the names of the columns with the first row of a table, and once', async () => {
    const table = 'Measure | Limit\nHeap ratio | long pauses\nNon-fair lock | readers queued\nSatellites | small files'
    const { answer } = await extracted('What is the limit of the heap ratio and of the lock?', passagesOf(table))
    expect(answer).toMatch(/^- Measure \| Limit \[1\]\n- Heap ratio \| long pauses \[2\]\n- Non-fair lock/)
    expect(answer.split('Measure')).toHaveLength(2)
    const parts = ['What is the limit of the heap ratio?', 'What is the limit of the lock?']
    const inParts = await extracted(parts.join(' '), passagesOf(table), parts)
    expect(inParts.answer.split('Measure')).toHaveLength(2)
    const referred = await extracted(parts[0] ?? '', passagesOf(table.replace('Limit', 'Limit [7] of it')))
    expect(referred.answer).not.toContain('Measure')
  })

  it('brings the introduction of the list that an entry of it stands in', async () => {
    const { quotes } = await extracted('Which kinds of shedder for the fleet are there?', passagesOf(list))
    expect(quotes).toContain('a fleet shedder')
    expect(quotes[0]).toBe('Stripe runs four limiters:')
  })

  it('leaves out a sentence whose list does not fit beside it', async () => {
    const entry = 'counts the requests of many users at once '.repeat(8)
    const long = `Redis keeps to three rules of Stripe limiters:\n- One ${entry}\n- Two ${entry}\n- Three ${entry}`
    const { quotes } = await extracted('Which rules of Stripe limiters does Redis keep to?', passagesOf(long))
    expect(quotes.some((quote) => quote.endsWith(':'))).toBe(false)
    expect(quotes.length).toBeGreaterThan(0)
  })

  it('keeps the sentences of a passage in the order of its text, also when the last answers best', async () => {
    const text = 'Some users send requests at night. Redis counts the requests of every user.'
    const { quotes } = await extracted('Who counts the requests of every user?', passagesOf(text))
    expect(quotes).toContain('Redis counts the requests of every user.')
    const places = quotes.map((quote) => text.indexOf(quote))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('gives every part of a question its share of the words, in the order of the parts', async () => {
    const parts = ['Who counts requests for Redis?', 'What does Kafka do?']
    const passages = passagesOf(twelveOf('Redis'), twelveOf('Kafka'))
    const { quotes } = await extracted(parts.join(' and '), passages, parts)
    const ofRedis = quotes.filter((quote) => quote.startsWith('Redis'))
    const ofKafka = quotes.filter((quote) => quote.startsWith('Kafka'))
    for (const each of [ofRedis, ofKafka]) {
      expect(wordsIn(each.join(' '))).toBeGreaterThan(10)
      expect(wordsIn(each.join(' '))).toBeLessThanOrEqual(54)
    }
    expect(quotes).toEqual([...ofRedis, ...ofKafka])
  })

  it('does not say twice what two copies of a passage say', async () => {
    const text = 'Redis counts the requests of every user. Lua scripts update the counts at once.'
    const { quotes } = await extracted('Who counts the requests?', passagesOf(text, text, `${text} More is to come.`))
    expect(new Set(quotes).size).toBe(quotes.length)
  })

  it('does not say twice what one list says twice', async () => {
    const twice =
      'Stripe has these limiters:\n- a request limiter for users\n- a request limiter for users\n- a load shedder'
    const { quotes } = await extracted('Which limiters does Stripe have?', passagesOf(twice))
    expect(new Set(quotes).size).toBe(quotes.length)
  })

  it('of passages that hold nothing to quote is none', async () => {
    expect(await extracted('Why?', [])).toMatchObject({ outcome: 'partly-covered', answer: '', citations: [] })
    expect((await extracted('Why?', [passageOf('\n')])).outcome).toBe('partly-covered')
  })

  it('of a sentence that is longer than any answer is that sentence alone', async () => {
    const long = `Redis counts ${'very many requests and '.repeat(60)}nothing else.`
    const { quotes } = await extracted('What does Redis count?', passagesOf(long))
    expect(quotes).toEqual([long])
  })

  it('quotes no rule of a table and no fence of code', async () => {
    const { quotes } = await extracted('Who counts?', passagesOf('Redis counts.\n--- | ---\n```\n🚦'))
    expect(quotes).toEqual(['Redis counts.'])
  })

  it('quotes no number in brackets of a text, which would pass for a footnote', async () => {
    const { quotes } = await extracted(
      'Who counts users?',
      passagesOf('Redis counts users, too [3]. Redis [4] counts.'),
    )
    expect(quotes).toEqual(['Redis counts users, too'])
  })

  it('of a list that is longer than any answer is cut to what can be read', async () => {
    const entries = Array.from({ length: 8 }, (_, at) => `- limiter number ${at} ${`counts${at} `.repeat(40)}`.trim())
    const { answer } = await extracted(
      'Which limiters does Stripe run?',
      passagesOf(`Stripe runs eight limiters:\n${entries.join('\n')}`),
    )
    expect(wordsIn(answer)).toBeLessThanOrEqual(130)
  })
})

describe('any extract', () => {
  const word = fc.constantFrom(
    'redis',
    'counts',
    'requests',
    'stripe',
    'limits',
    'users',
    'kafka',
    'orders',
    '10',
    'the',
    '🚦',
    'of',
  )
  const sentence = fc
    .array(word, { minLength: 1, maxLength: 12 })
    .filter((words) => words.some((each) => /\w/.test(each)))
    .map((words) => `${words.join(' ').replace(/^\w/, (letter) => letter.toUpperCase())}.`)
  const line = fc.oneof(
    fc.array(sentence, { minLength: 1, maxLength: 4 }).map((sentences) => sentences.join(' ')),
    sentence.map((text) => `- ${text}`),
    sentence.map((text) => `1. ${text}`),
    sentence.map((text) => `${text.slice(0, -1)}:`),
    fc.constantFrom('', 'a | b', 'name | number\nstripe | 4\nredis | 10'),
  )
  const passage = fc
    .uniqueArray(line, { minLength: 1, maxLength: 12, selector: (text) => text.replace(/\W/g, '') })
    .map((lines) => lines.join('\n'))
  const query = fc.constantFrom(
    'How does Stripe limit requests?',
    'Which users are there?',
    'list the steps of kafka',
    'x',
  )

  it('quotes, cites every sentence, says nothing twice, introduces nothing in vain, and is short', async () => {
    const parts = fc.oneof(fc.constant([]), fc.tuple(query, query))
    await fc.assert(
      fc.asyncProperty(query, fc.array(passage, { minLength: 1, maxLength: 6 }), parts, async (asked, texts, parts) => {
        const passages = passagesOf(...texts).map((each, index) =>
          passageOf(each.text, { n: index + 1, offset: 7 * index, score: -index }),
        )
        const { answer, statements, citations, events } = await extracted(asked, passages, parts)
        expect(events.map((event) => (event.type === 'text' ? event.delta : '')).join('')).toBe(answer)
        for (const { start, end, verdict, citations: cited } of statements) {
          expect(verdict).toBe('verbatim')
          expect(cited.map((n) => citations[n - 1]?.quote)).toEqual([answer.slice(start, end)])
        }
        for (const { span, quote, passage } of citations) {
          const read = passages[passage - 1]!
          expect(read.text.slice(span.start - read.span.start, span.end - read.span.start)).toBe(quote)
        }
        // Two tables may have the same head, and each says it once.
        const words = citations.flatMap(({ quote }) => (quote.includes(' | ') ? [] : [quote]))
        expect(new Set(words).size).toBe(words.length)
        const said = statements.map(({ citations: [n = 0] }) => citations[n - 1]!)
        for (const [at, { quote, passage }] of said.entries()) {
          if (!quote.endsWith(':')) continue
          // What follows may be cited where the same words were quoted before.
          expect(passages[passage - 1]!.text).toContain(said[at + 1]?.quote ?? 'nothing that it introduces')
          expect(answer.slice(statements[at]!.end, statements[at + 1]!.start)).toMatch(/^ \[\d+\]\n\n- $/)
        }
        if (statements.length > 1) expect(wordsIn(answer)).toBeLessThanOrEqual(130)
        const left = statements
          .toReversed()
          .reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), answer)
        expect(left).toMatch(/^(?:\s|-|\[\d+\])*$/)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a piece', () => {
  it('introduces the list below it, and nothing else does', () => {
    const pieces = piecesOf(passageOf(`${list}\nThat is all.`))
    expect(pieces.map((_, at) => introduces(pieces, at))).toEqual([true, false, false, false, false, false])
  })

  it('that needs the sentence before it points back', () => {
    const pieces = piecesOf(passageOf('It counts. Redis counts. However, it is slow. Its speed is low. Italy is far.'))
    expect(pieces.map(pointsBack)).toEqual([true, false, true, true, false])
  })

  it('belongs to its passage', () => {
    const passages = passagesOf('One. Two.', '', 'Three.')
    expect(piecesOfAll(passages).map((pieces) => pieces.map(({ text }) => text))).toEqual([
      ['One.', 'Two.'],
      [],
      ['Three.'],
    ])
  })
})
