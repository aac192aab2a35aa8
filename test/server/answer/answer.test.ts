// The whole pipeline over a library in memory: what a reader gets whatever fails, and when.
import { describe, expect, it } from 'vitest'
import { ModelError, StoreError } from '../../../core/errors.ts'
import type { Embedder, Generator } from '../../../core/ports.ts'
import { type Answer, isTerminal } from '../../../core/types.ts'
import { failingGenerator, fakeGenerator } from '../../../models/fake.ts'
import { answer, newAnswerId } from '../../../server/answer/answer.ts'
import {
  depsOf,
  documentOf,
  eventsOf,
  expectLawful,
  libraryOf,
  questionOf,
  type Reports,
} from '../../support/passages.ts'

const stripe = documentOf(
  'stripe',
  `# How Stripe limits requests
Stripe runs four limiters in production. Its rate limiter uses the token bucket algorithm.

# Request rate limiter
Stripe's request rate limiter holds every user to a number of requests per second. A short burst 🚦 above the cap is allowed, because some spikes are legitimate.

# Load shedders
The fleet usage load shedder reserves a share of the workers for critical requests. Stripe sheds test traffic first when workers fall behind.`,
)
const notion = documentOf(
  'notion',
  `# How Notion sharded Postgres
Notion split its Postgres monolith into 480 logical shards on 32 physical databases. The partition key of every sharded table is the workspace id.

# Migration
Notion wrote to the old and the new databases at once while it copied the history. The switch took five minutes of downtime.`,
)
const bread = documentOf(
  'bread',
  'A loaf of bread needs flour, water, salt and yeast. The dough rests for twelve hours.',
)
const documents = [stripe, notion, bread]
const library = libraryOf(...documents)
const question = questionOf('How does the Stripe request rate limiter treat a short burst?')
const said = ['The request rate limiter of Stripe holds every user ', 'to a number of requests per second [1]. ']
const outage = () => new StoreError('store-unavailable', 'host 10.1.2.3', { retryable: true })
const unavailable = () => new ModelError('model-unavailable', 'down')

function failing(error: Error): () => Promise<never> {
  return async () => {
    throw error
  }
}

/** What of an answer is the same every time. */
function lasting(each: Answer | null) {
  return each && { ...each, timingsMs: null }
}

async function quoted(text: string) {
  return expectLawful(await eventsOf(questionOf(text), depsOf(library)), documents)
}

async function ask(generator: Generator | null, changes: Parameters<typeof depsOf>[1] = {}) {
  const reports: Reports = []
  const events = await eventsOf(question, depsOf(library, { generator, ...changes }, reports))
  const said = events.map((event) => (event.type === 'text' ? event.delta : '')).join('')
  return { events, said, types: events.map(({ type }) => type), final: expectLawful(events, documents), reports }
}

/** Ignores its signal and fails as a provider's client may when it is cancelled. */
function stubborn(deltas: readonly string[], controller: AbortController): Generator {
  return {
    model: 'fake/stubborn',
    async *stream() {
      for (const delta of deltas) yield { type: 'text', delta }
      controller.abort()
      throw unavailable()
    },
  }
}

describe('an answer without a model', () => {
  it('quotes sentences of the library, each with its footnote', async () => {
    const { types, final } = await ask(null)
    expect(types.slice(0, 2)).toEqual(['started', 'passages'])
    expect(types.at(-1)).toBe('done')
    expect(final).toMatchObject({ status: 'answered', mode: 'extractive', fallback: null, reason: null })
    expect(final?.models.generator).toBeNull()
    expect(final?.statements.every(({ verdict, citations }) => verdict === 'verbatim' && citations.length === 1)).toBe(
      true,
    )
    expect(final?.citations.some(({ document }) => document.id === stripe.id)).toBe(true)
  })

  it('sends each citation before the text that shows its number', async () => {
    const { events } = await ask(null)
    const announced = new Set<number>()
    for (const event of events) {
      if (event.type === 'citation') announced.add(event.citation.n)
      if (event.type !== 'text') continue
      for (const [, n] of event.delta.matchAll(/\[(\d+)\]/g)) expect(announced).toContain(Number(n))
    }
    expect(announced.size).toBeGreaterThan(0)
  })

  it('is the same every time', async () => {
    expect(lasting((await ask(null)).final)).toEqual(lasting((await ask(null)).final))
  })

  it('abstains when the library is about something else, and shows the nearest passages', async () => {
    const events = await eventsOf(questionOf('Who won the chess olympiad of Budapest?'), depsOf(library))
    const final = expectLawful(events, documents)
    expect(events.map(({ type }) => type)).toEqual(['started', 'abstained'])
    expect(final?.reason).toBe('nothing-relevant')
  })

  it('answers each part of a question that is answered, and names the one that is not', async () => {
    const both = await quoted('How many shards did Notion split Postgres into, and what does a loaf of bread need?')
    expect(new Set(both?.citations.map(({ document }) => document.id))).toEqual(new Set(['doc_notion', 'doc_bread']))
    expect(both?.missing).toEqual([])
    const half = await quoted('What does a loaf of bread need, and how does Spotify recommend songs?')
    expect(half).toMatchObject({ status: 'answered', missing: ['how does Spotify recommend songs'] })
    expect(half?.answer).toContain('flour')
  })

  it('says of an empty library that it is empty', async () => {
    const events = await eventsOf(question, depsOf(libraryOf()))
    expect(expectLawful(events, [])).toMatchObject({ status: 'abstained', reason: 'empty-library', nearest: [] })
  })

  it('is what a reader gets who asks for it, whatever model there is', async () => {
    const deps = depsOf(library, { generator: fakeGenerator(['Never said [1].']) })
    const events = await eventsOf({ ...question, mode: 'extractive' }, deps)
    expect(expectLawful(events, documents)).toMatchObject({ mode: 'extractive', fallback: null })
  })
})

describe('an answer of a model', () => {
  it('cites exact words of the passages it names', async () => {
    const { types, final } = await ask(fakeGenerator([...said, 'Nobody knows why.']))
    expect(types.slice(0, 2)).toEqual(['started', 'passages'])
    expect(final).toMatchObject({ status: 'answered', mode: 'generative', fallback: null })
    expect(final?.statements.map(({ verdict }) => verdict)).toEqual(['supported', 'unsupported'])
    expect(final?.usage.outputTokens).toBeGreaterThan(0)
  })

  it.each([
    ['INSUFFICIENT'],
    ['INSUFF', 'ICIENT'],
    ['\n', ' INSUFFICIENT', '\n'],
    ['INSUFFICIENT', '.'],
    ['**INSUFFICIENT**'],
    ['INSUFFICIENT\n\nThe passages do not say it.'],
    ['INSUFFICIENT: the ', 'passages do not say it [1].'],
  ])('that declines with %j is an abstention', async (...deltas) => {
    const { types, final } = await ask(fakeGenerator(deltas))
    expect(types).toEqual(['started', 'passages', 'abstained'])
    expect(final).toMatchObject({ status: 'abstained', reason: 'model-declined' })
    expect(final?.nearest.length).toBeGreaterThan(0)
  })

  it.each([
    [['INSUFFICIENT', '_FUNDS is a code of Stripe [1].'], 'INSUFFICIENT_FUNDS is a code of Stripe [1].'],
    [['IN', ' production it runs.'], 'IN production it runs.'],
    [['I'], 'I'],
  ])('that only begins like a refusal, %j, is an answer', async (deltas, text) => {
    expect((await ask(fakeGenerator(deltas))).said).toBe(text)
  })

  it.each([[[]], [['']], [[' ', '\n\n']], [['[9]']], [['[1]', ' ']]])(
    'that says nothing, %j, becomes extracts',
    async (deltas) => {
      const { final } = await ask(fakeGenerator(deltas))
      expect(final).toMatchObject({ status: 'answered', mode: 'extractive', fallback: 'model-unavailable' })
      expect(final?.answer).toBe(final?.answer.trimStart())
      expect(final?.statements[0]?.verdict).toBe('verbatim')
    },
  )

  it('begins with its first word', async () => {
    expect((await ask(fakeGenerator(['\n', ' ', 'Six ', 'limiters.']))).said).toBe('Six limiters.')
  })

  it('that was cut short is kept and flagged', async () => {
    const generator: Generator = {
      model: 'fake/short',
      async *stream() {
        yield { type: 'text', delta: said.join('') }
        yield { type: 'finish', reason: 'length', inputTokens: 9, outputTokens: 3 }
      },
    }
    const { final } = await ask(generator)
    expect(final).toMatchObject({ status: 'answered', mode: 'generative', fallback: 'model-cut-off' })
    expect(final?.usage).toMatchObject({ inputTokens: 9, outputTokens: 3 })
  })

  it('can be stored: no half character, no NUL, and no delta ends within a character', async () => {
    const { events, final } = await ask(
      fakeGenerator(['A burst \ud83d', '\udea6 passes\u0000 [1]. Half \ud83d', ' and \udea6.']),
    )
    for (const event of events) if (event.type === 'text') expect(event.delta.isWellFormed()).toBe(true)
    expect(final?.answer).toMatch(/^A burst 🚦 passes\ufffd \[1\]\. Half \ufffd and \ufffd\.$/)
  })

  it('ends with half a character that never got its other half', async () => {
    expect((await ask(fakeGenerator(['It is \ud83d']))).said).toBe('It is \ufffd')
  })
})

describe('a fault', () => {
  it('of the model before its first text gives extracts, flagged', async () => {
    for (const deltas of [[], [' '], ['INSUFF'], [' [']]) {
      const { final, reports } = await ask(failingGenerator(unavailable(), deltas))
      expect(final).toMatchObject({ status: 'answered', mode: 'extractive', fallback: 'model-unavailable' })
      expect(final?.statements.every(({ verdict }) => verdict === 'verbatim')).toBe(true)
      expect(reports).toHaveLength(1)
    }
  })

  it('of the model after its first text keeps what was said, flagged', async () => {
    const { final } = await ask(failingGenerator(unavailable(), [...said, 'Then it br']))
    expect(final).toMatchObject({ status: 'answered', mode: 'generative', fallback: 'model-cut-off' })
    expect(final?.answer.endsWith('per second [1]. Then it br')).toBe(true)
    expect(final?.statements).toHaveLength(2)
  })

  it('of the model in the middle of a marker shows no half of it as a citation', async () => {
    const { final } = await ask(failingGenerator(unavailable(), ['The request rate limiter is fair [1']))
    expect(final?.answer).toMatch(/^The request rate limiter is fair(?: \[1\])?$/)
  })

  it('of the embedder leaves the words to find the answer', async () => {
    const embedder: Embedder = { ...depsOf(library).embedder, embed: failing(unavailable()) }
    const { final, reports } = await ask(null, { embedder })
    expect(final?.status).toBe('answered')
    expect(reports).toEqual(['embedding the question failed, searching by words alone'])
  })

  it.each(['candidates', 'state', 'vocabulary'] as const)(
    'of the store in %s is an error, never an abstention',
    async (method) => {
      const { events, types } = await ask(null, { search: { ...library.search, [method]: failing(outage()) } })
      expect(types).toEqual(['started', 'error'])
      expect(events.at(-1)).toEqual({ type: 'error', code: 'store-unavailable', retryable: true })
    },
  )

  it('that is a bug is an error without its message', async () => {
    const { events } = await ask(null, { texts: failing(new TypeError('secret')) })
    expect(events.at(-1)).toEqual({ type: 'error', code: 'internal', retryable: false })
  })

  it('that is a bug in the model is an error after the text, and nothing follows', async () => {
    const generator: Generator = {
      model: 'fake/buggy',
      async *stream() {
        yield { type: 'text', delta: 'It is' }
        throw new TypeError('secret')
      },
    }
    expect((await ask(generator)).types).toEqual(['started', 'passages', 'text', 'error'])
  })
})

describe('an answer that is stopped', () => {
  it.each([
    ['of a model', fakeGenerator([...said, 'Test traffic is shed first [1].'])],
    ['without a model', null],
  ])('%s at any event ends in `stopped` with what was said', async (_name, generator) => {
    const whole = await ask(generator)
    for (let at = 0; at < whole.events.length - 1; at++) {
      const controller = new AbortController()
      const events = []
      for await (const event of answer(question, depsOf(library, { generator }), controller.signal)) {
        events.push(event)
        if (events.length === at + 1) controller.abort()
      }
      expect(events.slice(0, at + 1).map(({ type }) => type)).toEqual(whole.types.slice(0, at + 1))
      expect(expectLawful(events, documents)).toMatchObject({ status: 'stopped', fallback: null })
    }
  })

  it('at once says nothing', async () => {
    const events = await eventsOf(question, depsOf(library), AbortSignal.abort())
    expect(events.map(({ type }) => type)).toEqual(['started', 'stopped'])
  })

  it.each([[[]], [said]])('says no more when its model takes the stop for a failure, after %j', async (deltas) => {
    const controller = new AbortController()
    const reports: Reports = []
    const deps = depsOf(library, { generator: stubborn(deltas, controller) }, reports)
    const events = await eventsOf(question, deps, controller.signal)
    expect(expectLawful(events, documents)).toMatchObject({ status: 'stopped', fallback: null, mode: 'generative' })
    expect(events.some((event) => event.type === 'text')).toBe(deltas.length > 0)
    expect(reports).toEqual([])
  })

  it('does not listen any longer to a model that goes on', async () => {
    const controller = new AbortController()
    let cancelled = false
    const generator: Generator = {
      model: 'fake/endless',
      async *stream() {
        try {
          for (let word = 0; word < 1_000; word++) yield { type: 'text', delta: `word ${word} ` }
        } finally {
          cancelled = true
        }
      },
    }
    const events = []
    for await (const event of answer(question, depsOf(library, { generator }), controller.signal)) {
      events.push(event)
      if (events.length === 5) controller.abort()
    }
    expect(events.length).toBeLessThan(10)
    expect(events.filter(isTerminal).map(({ type }) => type)).toEqual(['stopped'])
    expect(cancelled).toBe(true)
  })
})

it('gives every answer an id of its own', () => {
  expect(newAnswerId()).toMatch(/^ans_[0-9a-f]{32}$/)
  expect(newAnswerId()).not.toBe(newAnswerId())
})
