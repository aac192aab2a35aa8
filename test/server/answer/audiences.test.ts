// Readers who are limited get the answer of a library that holds only what they may read: nothing of the rest shows.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audienceNames } from '../../../core/audience.ts'
import { termWeights } from '../../../core/terms.ts'
import type { Answer } from '../../../core/types.ts'
import { chunk } from '../../../ingest/chunk.ts'
import { readPlain } from '../../../ingest/parse/read.ts'
import { fakeEmbedder, fakeGenerator } from '../../../models/fake.ts'
import { type AnswerDeps, answerDeps } from '../../../server/answer/answer.ts'
import { search } from '../../../server/answer/search.ts'
import type { Database } from '../../../store/database.ts'
import { openStore } from '../../../store/open.ts'
import { openTestDatabase } from '../../support/database.ts'
import { memoryReplies } from '../../support/fake-store.ts'
import { documentOf, depsOf, eventsOf, libraryOf, questionOf } from '../../support/passages.ts'
import { hash } from '../../support/store-documents.ts'
import { repeats } from '../../support/thorough.ts'

const embedder = fakeEmbedder()
const never = new AbortController().signal

/** Markdown by name, learned in this order. */
async function openLibrary(database: Database, library: string, files: readonly (readonly [string, string])[]) {
  const store = await openStore(database, library, embedder)
  for (const [source, text] of files) {
    const parsed = readPlain(source, new TextEncoder().encode(text))!
    const found = await chunk(parsed)
    const vectors = await embedder.embed(
      found.map(({ headings, text: words }) => `${headings.join('\n')}\n${words}`),
      'document',
      never,
    )
    const chunks = found.map((each, n) => ({
      ...each,
      contentHash: hash(each.text),
      terms: termWeights(each.headings, each.text),
      vector: vectors[n]!,
    }))
    await store.documents.save({
      library,
      source,
      parsed,
      revision: hash(JSON.stringify(parsed)),
      chunks,
      space: embedder.space,
    })
  }
  const models = { embedder, sentenceEmbedder: embedder, generator: null }
  return answerDeps(store, models, (message) => expect.unreachable(message))
}

async function ask(text: string, library: string, deps: AnswerDeps, audiences?: readonly string[]): Promise<Answer> {
  const events = await eventsOf(questionOf(text, { library, ...(audiences && { audiences }) }), deps)
  const last = events.at(-1)
  if (!last || !('answer' in last)) return expect.unreachable(JSON.stringify(last))
  return last.answer
}

const placeOf = ({ document, span }: Answer['citations'][number] | Answer['passages'][number]) => [
  document.source,
  span,
]

/** Without what is new each time, and without ids, which name the library. */
function lasting(answer: Answer) {
  const { citations, passages, nearest } = answer
  return {
    ...answer,
    timingsMs: null,
    citations: citations.map((each) => [...placeOf(each), each.n, each.quote]),
    nearest: nearest.length,
    passages: [...passages, ...nearest].map((each) => [...placeOf(each), each.n, each.text, each.score]),
  }
}

const canaries = ['zephyrine', 'quillback', 'marrowfat', 'obsidiana', 'tamarillo']
const names = ['payments', '#Oncall', 'board', "o'x", 'a,b', '{c}']
const clauses = [
  'uses a token bucket for its rate limits',
  'sharded Postgres into logical shards',
  'drains the queue before a deploy',
  'keeps 480 partitions on 32 machines',
  'replaced the cache of sessions',
]

const ofFive = fc.integer({ min: 0, max: 4 })

describe('an answer for some audiences', () => {
  it('is that of a library which holds only what they may read, to the word and the figure', async () => {
    await using database = await openTestDatabase()
    let run = 0
    const document = fc.record({ says: fc.array(ofFive, { minLength: 1, maxLength: 3 }), audience: fc.subarray(names) })
    const question = fc.oneof(
      fc.record({ word: ofFive, slip: fc.boolean() }).map(({ word, slip }) => {
        const written = slip ? canaries[word]!.slice(0, -2) + canaries[word]!.at(-1)! : canaries[word]!
        return `How did ${written} shard Postgres?`
      }),
      fc.constantFrom(
        'How are rate limits made?',
        'How many partitions does Quillback run, and how does Obsidiana drain its queue?',
        'Compare Zephyrine and Marrowfat on rate limits',
        'What is a ratelimit?',
        '?',
      ),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 5 }),
        fc.subarray(names),
        fc.uniqueArray(question, { minLength: 3, maxLength: 6 }),
        async (documents, audiences, questions) => {
          const asking = new Set(audienceNames(audiences))
          const all = documents.map(({ says, audience }, n) => {
            const sentences = says.map((each) => `The team of ${canaries[n]} says: ${canaries[n]} ${clauses[each]}.`)
            const front = audience.length === 0 ? '' : `---\naudience: ${JSON.stringify(audience)}\n---\n`
            const isReadable = audience.length === 0 || audienceNames(audience).some((name) => asking.has(name))
            return {
              file: [`${n}.md`, `${front}# Notes\n\n${sentences.join(' ')}`] as const,
              isReadable,
              canary: canaries[n]!,
            }
          })
          const readable = all.filter((each) => each.isReadable)
          run++
          const whole = await openLibrary(
            database,
            `whole-${run}`,
            all.map(({ file }) => file),
          )
          const only = await openLibrary(
            database,
            `only-${run}`,
            readable.map(({ file }) => file),
          )
          for (const text of questions) {
            const limited = lasting(await ask(text, `whole-${run}`, whole, audiences))
            expect(limited).toEqual(lasting(await ask(text, `only-${run}`, only)))
            const said = JSON.stringify({ ...limited, question: '', query: '' }).toLowerCase()
            const asked = text.toLowerCase()
            for (const { canary } of all.filter((each) => !each.isReadable))
              if (!asked.includes(canary)) expect(said).not.toContain(canary)
            const { passages } = await search(text, `whole-${run}`, { ...whole, audiences }, never)
            for (const passage of passages)
              expect(readable.map(({ file }) => file[0])).toContain(passage.document.source)
          }
        },
      ),
      { numRuns: repeats(60) },
    )
  }, 60_000)

  it('does not correct a word to one that only others may read, nor say that the library knows it', async () => {
    await using database = await openTestDatabase()
    const files = [
      ['open.md', '# Open\n\nStripe runs a falconry of limiters. Limiters count requests.'],
      ['secret.md', '---\naudience: board\n---\n# Secret\n\nFalcon shards Postgres. Falcon counts.'],
    ] as const
    const deps = await openLibrary(database, 'main', files)
    const concepts = async (text: string, audiences?: string[]) => {
      const { found } = await search(text, 'main', { ...deps, ...(audiences && { audiences }) }, never)
      return found.concepts.map(({ senses, known }) => [senses[0]?.words.join(' '), known])
    }
    expect(await concepts('falconn')).toEqual([['falcon', true]])
    expect(await concepts('falconn', ['board'])).toEqual([['falcon', true]])
    expect(await concepts('falconn', [])).toEqual([['falconri', true]])
    expect(await concepts('falcon shards', [])).toEqual([
      ['falconri', true],
      ['shard', false],
    ])
    const refused = await ask('How did Falcon shard Postgres?', 'main', deps, [])
    expect(refused).toMatchObject({ status: 'abstained' })
    expect(JSON.stringify(refused)).not.toContain('secret.md')
  })

  it('keeps a copy that may be read when a better one may not', async () => {
    const text = 'Stripe runs four limiters in production. Its rate limiter uses the token bucket algorithm.'
    const library = libraryOf(documentOf('secret', `# Stripe limiters\n${text}`, ['board']), documentOf('open', text))
    const deps = depsOf(library)
    const sources = async (audiences?: string[]) =>
      (
        await search('How does Stripe limit?', 'main', { ...deps, ...(audiences && { audiences }) }, never)
      ).passages.map(({ document }) => document.source)
    expect(await sources()).toEqual(['secret.md'])
    expect(await sources([])).toEqual(['open.md'])
  })

  it('is not made of a reply that was kept for others: their passages are another key', async () => {
    const stripe = 'Stripe runs four limiters in production.'
    const open = documentOf('open', `${stripe} Its rate limiter uses the token bucket algorithm.`)
    const secret = documentOf('secret', 'Stripe will switch its limiters off in production on Friday.', ['board'])
    const library = libraryOf(open, secret)
    const read: string[] = []
    const generator = fakeGenerator((messages) => {
      read.push(JSON.stringify(messages))
      return [
        read.at(-1)!.includes('Friday')
          ? 'Stripe will switch its limiters off on Friday [1][2].'
          : `${stripe.slice(0, -1)} [1].`,
      ]
    })
    const deps = depsOf(library, { generator, replies: memoryReplies() })
    const asked = 'What does Stripe do with its limiters in production?'
    const answers = [
      await ask(asked, 'main', deps),
      await ask(asked, 'main', deps, []),
      await ask(asked, 'main', deps, ['x']),
    ]
    expect(answers.map(({ cached }) => cached)).toEqual([false, false, true])
    expect(answers.map(({ answer }) => answer.includes('Friday'))).toEqual([true, false, false])
    expect(read.map((each) => each.includes('Friday'))).toEqual([true, false])
  })
})
