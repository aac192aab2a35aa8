// Filled-in cases, asked of the real pipeline over a library that changes under them.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Embedder } from '../../core/ports.ts'
import type { Learn } from '../../eval/command.ts'
import { check } from '../../eval/feedback/check.ts'
import { ingest } from '../../ingest/ingest.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { answerDeps } from '../../server/answer/answer.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'

const stripe = `# How Stripe Limits Requests

Stripe runs four limiters in production. Its rate limiting uses the token bucket algorithm.
`
const never = new AbortController().signal

let folder: string
let library: string
let database: TestDatabase
let embedder: Embedder

beforeAll(async () => {
  folder = await folderOfFile()
  library = join(folder, 'library')
  await mkdir(library)
  await writeFile(join(library, 'bread.md'), '# Bread\n\nThe dough of bread rests for twelve hours.\n')
  database = await openTestDatabase()
  embedder = await openStaticEmbedder()
})

beforeEach(async () => {
  await writeFile(join(library, 'stripe.md'), stripe)
})

const learn: Learn = async (name, paths) => {
  const store = await openStore(database, name, embedder)
  for await (const event of ingest(paths, { documents: store.documents, embedder, library: name }, never))
    if (event.type === 'failed') throw new Error(event.message)
  return answerDeps(store, { embedder, sentenceEmbedder: embedder, generator: null }, () => {})
}

const base = {
  id: 'ans_1',
  kind: 'feedback',
  question: 'How does Stripe rate limit requests?',
  answerable: true as boolean | null,
  sources: [{ file: 'stripe.md', lines: [3, 3] }] as object[] | null,
  facts: [['token bucket']] as string[][] | null,
  green: null as string | null,
}
const refusal = {
  ...base,
  id: 'ans_2',
  question: 'Who won the chess olympiad?',
  answerable: false,
  sources: [],
  facts: [],
}

/** The lines of the report up to the summary, the summary, and the exit code. */
async function checkOf(...lines: readonly (object | string)[]) {
  const cases = join(folder, 'cases.jsonl')
  const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
  await writeFile(cases, text)
  const [said, code] = await check({ cases, library }, '2026-11-21', learn, never)
  const after = await readFile(cases, 'utf8')
  return {
    said,
    states: said.slice(0, said.indexOf('')),
    code,
    isSame: after === text,
    after: after.trim().split('\n'),
  }
}

describe('a filled-in case', () => {
  it('that comes out right is green, and is marked with the day, once', async () => {
    const { said, code, after } = await checkOf(base, refusal)
    expect(said).toEqual([
      'green       ans_1  “How does Stripe rate limit requests?”  first on 2026-11-21',
      'green       ans_2  “Who won the chess olympiad?”  first on 2026-11-21',
      '',
      '2 cases: 0 to fill in, 0 red, 2 green, 2 of them for the first time.',
    ])
    expect(code).toBe(0)
    expect(after.map((line) => JSON.parse(line) as object)).toEqual([
      { ...base, green: '2026-11-21' },
      { ...refusal, green: '2026-11-21' },
    ])
    const again = await checkOf({ ...base, green: '2026-01-02' })
    expect(again.states).toEqual([expect.stringMatching(/^green .* first on 2026-01-02$/)])
    expect(again.isSame).toBe(true)
  })

  it.each<[string, object, string]>([
    [
      'has not the fact',
      { facts: [['token bucket'], ['leaky bucket', 'leaking']] },
      'does not say "leaky bucket" or "leaking"',
    ],
    ['cites another place', { sources: [{ file: 'bread.md', lines: [3, 3] }] }, 'cites no listed place'],
    [
      'should have been a refusal',
      { answerable: false, sources: [], facts: [] },
      'answers what the library cannot answer',
    ],
    ['is a refusal', { question: 'Who won the chess olympiad?' }, 'refuses (nothing-relevant)'],
  ])('whose answer %s is red, says why, and is not marked', async (_name, changes, why) => {
    const { states, code, isSame } = await checkOf({ ...base, ...changes })
    expect(states).toEqual([expect.stringMatching(/^red {9}ans_1 /)])
    expect(states[0]!.endsWith(`”  ${why}`)).toBe(true)
    expect([code, isSame]).toEqual([0, true])
  })

  it('that had been green and is red fails the check, and keeps its mark', async () => {
    const { said, states, code, isSame } = await checkOf({ ...base, green: '2026-01-02', facts: [['leaky']] }, refusal)
    expect(states[0]).toMatch(/^red .* does not say "leaky"; had been green on 2026-01-02$/)
    expect(said.slice(-2)).toEqual([
      '2 cases: 0 to fill in, 1 red, 1 green, 1 of them for the first time.',
      '1 is red that had been green.',
    ])
    expect([code, isSame]).toEqual([1, false])
  })

  it('names the documents that have changed since, whichever embedder found them', async () => {
    const { documents } = await learn('feedback', [library])
    const read = await documents.list('feedback', 9)
    const written = read.map(({ source, revision }) => ({ file: source.split('/').at(-1), revision }))
    expect((await checkOf({ ...base, documents: written })).states[0]).toMatch(/ first on 2026-11-21$/)
    await writeFile(join(library, 'stripe.md'), stripe.replace('four', 'five'))
    const gone = [...written, { file: 'gone.md', revision: 'r' }]
    const { states } = await checkOf(
      { ...base, documents: gone },
      { ...base, id: 'ans_2', documents: written, given: { embedder: 'another' } },
    )
    expect(states[0]).toMatch(/; changed since: stripe\.md; not in this library: gone\.md$/)
    expect(states[1]).toMatch(/; changed since: stripe\.md$/)
  })

  it('is asked with its conversation', async () => {
    const question = 'and for how long does it rest?'
    const sources = [{ file: 'bread.md', lines: [3, 3] }]
    const history = [{ question: 'What becomes of the dough of bread?', answer: 'It rests.' }]
    const { states } = await checkOf({ ...base, question, history, sources, facts: [['twelve hours']] })
    expect(states[0]).toMatch(/^green /)
  })
})

describe('a case that is not filled in', () => {
  it.each<[string, object, string]>([
    ['nothing', { answerable: null, sources: null, facts: null }, 'answerable, sources, facts'],
    ['no sources', { sources: null }, 'sources'],
    ['no facts of a refusal', { answerable: false, sources: [], facts: null }, 'facts'],
    ['nothing to know an answer by', { sources: [], facts: [] }, 'a source or a fact'],
  ])('but for %s is told what it lacks, and harms nobody', async (_name, changes, lacks) => {
    const { said, code, after } = await checkOf({ ...base, ...changes }, refusal)
    expect(said[0]).toBe(`to fill in  ans_1  “${base.question}”  ${lacks}`)
    expect(said.at(-1)).toBe('2 cases: 1 to fill in, 0 red, 1 green, 1 of them for the first time.')
    expect([code, after[0]]).toEqual([0, JSON.stringify({ ...base, ...changes })])
  })
})

describe('the file', () => {
  it('keeps every line that did not turn green, whatever it looks like, and every word of one that did', async () => {
    const open = JSON.stringify({ ...base, id: 'ans_3', answerable: null }).replace('{', '{  ')
    const { after } = await checkOf(open, '', { ...base, note: { by: 'Ann', of: ['2026'] } })
    expect(after[0]).toBe(open)
    expect(after[1]).toBe('')
    expect(after[2]).toBe(JSON.stringify({ ...base, green: '2026-11-21', note: { by: 'Ann', of: ['2026'] } }))
  })

  it('with a wrong place is refused by its line, before anything is marked', async () => {
    const wrong = { ...base, id: 'ans_2', sources: [{ file: 'stripe.md', lines: [3, 99] }] }
    await expect(checkOf({ ...base, answerable: null }, base, wrong)).rejects.toMatchObject({
      code: 'bad-case',
      message: 'cases.jsonl, line 3: stripe.md has no lines 3 to 99',
    })
  })

  it('shows a reader’s words on one line, and obeys none of them', async () => {
    const { states } = await checkOf({ ...base, question: `a\u001b[31m\n\u009b2J${'x'.repeat(80)}`, answerable: null })
    expect(states[0]).toBe(`to fill in  ans_1  “a [31m 2J${'x'.repeat(50)}…”  answerable`)
  })
})
