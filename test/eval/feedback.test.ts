// Thumbs down → cases to fill in, over the real HTTP interface and over a scripted one.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fromFeedback } from '../../eval/feedback.ts'
import { collect, type Get } from '../../eval/feedback/collect.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../support/app.ts'
import { folderOfFile } from '../support/folder.ts'
import { readJson, type WireAnswer } from '../support/wire.ts'

type Line = { id: string; question: string; history: { question: string; answer: string }[] } & Record<string, unknown>

let folder: string
let cases: string
let library: TestLibrary
let app: TestApp
let asked: WireAnswer[]
let made = 0

beforeAll(async () => {
  folder = await folderOfFile()
  library = await openTestLibrary()
  app = openTestApp(library)
  const conversation = { conversation_id: 'con_notion' }
  asked = []
  for (const body of [
    { question: 'How did Notion shard Postgres?', ...conversation },
    { question: 'How long was its downtime?', ...conversation },
    { question: 'Who won the chess olympiad of Budapest?' },
    { question: 'How does Stripe rate limit requests?' },
  ])
    asked.push(await readJson<WireAnswer>(await app.post('/v1/ask', body)))
  await rate(asked[1]!, { rating: 'down', reason: 'wrong-source', comment: 'Not that\none. 🚦' })
  await rate(asked[2]!, { rating: 'down' })
  await rate(asked[3]!, { rating: 'up' })
})

beforeEach(() => {
  cases = join(folder, `cases-${made++}.jsonl`)
})

const rate = async ({ id }: { id: string }, body: object) => await app.post(`/v1/answers/${id}/feedback`, body)
const never = new AbortController().signal
const getFrom: Get = async (path) => await readJson(await app.get(path))
const gather = async (get = getFrom) => await collect({ cases, library: library.folder }, get, never)
const textOf = async () => await readFile(cases, 'utf8')
const linesOf = async () =>
  (await textOf()).split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))

describe('an answer with a thumb down', () => {
  it('becomes a case, with its conversation, its revisions, what was answered and what was said of it', async () => {
    const said = await gather()
    expect(said[0]).toBe(`2 answers have a thumb down: 2 added to ${cases}.`)
    const [first, followUp, refused] = asked
    const lines = await linesOf()
    expect(lines.map(({ id }) => id)).toEqual([followUp!.id, refused!.id])
    const { revision } = followUp!.citations[0]!.document
    expect(lines[0]).toMatchObject({
      kind: 'feedback',
      question: 'How long was its downtime?',
      history: [{ question: first!.question, answer: first!.answer }],
      answerable: null,
      sources: null,
      facts: null,
      green: null,
      feedback: { rating: 'down', reason: 'wrong-source', comment: 'Not that\none. 🚦' },
      given: { status: 'answered', answer: followUp!.answer, generator: null, embedder: library.embedder.space },
    })
    expect((lines[0]!['documents'] as unknown[])[0]).toEqual({
      file: 'notion.md',
      title: 'How Notion Sharded Postgres',
      revision,
      cited: true,
    })
    expect(lines[1]).toMatchObject({ history: [], given: { status: 'abstained', answer: '' } })
  })

  it('is taken once, and what a person has filled in stays as it was typed', async () => {
    await gather()
    const [line] = (await textOf()).split('\n')
    // As people leave files: spaces of their own, a word of their own, no line break at the end.
    const edited = line!.replace('"answerable":null', '"answerable": true, "note": "ask Ann"')
    await writeFile(cases, edited)
    const said = await gather()
    expect(said[0]).toBe(`2 answers have a thumb down: 1 added to ${cases}, 1 was there already.`)
    const text = await textOf()
    expect(text.startsWith(`${edited}\n`)).toBe(true)
    expect((await linesOf()).map(({ id }) => id)).toEqual([asked[1]!.id, asked[2]!.id])
    expect(await gather()).toEqual([`2 answers have a thumb down: 0 added to ${cases}, 2 were there already.`])
    expect(await textOf()).toBe(text)
  })

  it.each([
    ['no JSON', '{"id":'],
    ['no case', '{"id":"x"}'],
  ])('is not added to a file of which a line is %s, which is named', async (_name, line) => {
    await writeFile(cases, `\n${line}`)
    await expect(gather()).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(/^cases-\d+\.jsonl, line 2: /),
    })
    expect(await textOf()).toBe(`\n${line}`)
  })

  it('that turned into a thumb up while the list was read is left out', async () => {
    const said = await gather(async (path, signal) => {
      const body = (await getFrom(path, signal)) as object
      return path.endsWith(asked[2]!.id) ? { ...body, feedback: null } : body
    })
    expect(said[0]).toBe(`1 answer has a thumb down: 1 added to ${cases}.`)
  })
})

const summaryOf = (n: number) => ({ id: `ans_${n}`, conversation_id: `con_${n}`, asked_at: `2026-01-0${n}` })
const answerOf = (id: string) => ({
  question: `What of ${id}?`,
  status: 'answered',
  reason: null,
  answer: 'So.',
  citations: [{ document: { source: 'https://example.com/a', title: 'A', revision: 'r1' } }],
  passages: [{ document: { source: 'https://example.com/a', title: 'A', revision: 'r1' } }],
  nearest: [{ document: { source: join(library.folder, 'deep', 'b.md'), title: 'B', revision: 'r2' } }],
  models: { generator: 'some/model', embedder: 'some/space' },
  feedback: { rating: 'down', reason: null, comment: null, given_at: '2026-01-09' },
})

describe('a scripted server', () => {
  it('is read page after page, in the order in which was asked', async () => {
    const paths: string[] = []
    const get: Get = async (path) => {
      paths.push(path)
      if (path.includes('conversation_id')) return { answers: [], next: null }
      if (!path.includes('?')) return answerOf(path.slice('/v1/answers/'.length))
      if (path.includes('after=ans_3')) return { answers: [summaryOf(1)], next: null }
      return { answers: [summaryOf(2), summaryOf(3)], next: 'ans_3' }
    }
    await gather(get)
    expect(paths.filter((path) => path.includes('rating=down'))).toHaveLength(2)
    const lines = await linesOf()
    expect(lines.map(({ id }) => id)).toEqual(['ans_1', 'ans_2', 'ans_3'])
    expect(lines[0]!['documents']).toEqual([
      { file: 'https://example.com/a', title: 'A', revision: 'r1', cited: true },
      { file: 'deep/b.md', title: 'B', revision: 'r2', cited: false },
    ])
  })

  it('that says nothing was disliked leaves no file behind', async () => {
    expect(await gather(async () => await Promise.resolve({ answers: [], next: null }))).toEqual([
      'No answer has a thumb down.',
    ])
    await expect(textOf()).rejects.toThrow('ENOENT')
  })

  it('that says something else is named with the path and the field', async () => {
    const saying = gather(async () => await Promise.resolve({ answers: [{ id: 1 }], next: null }))
    await expect(saying).rejects.toMatchObject({
      code: 'bad-reply',
      message: expect.stringMatching(/^\/v1\/answers\?limit=200&rating=down .*answers\.0\.id/),
    })
  })
})

const run = async (options: object, close = async () => {}) =>
  await fromFeedback(
    { cases, library: library.folder, ...options },
    {
      learn: async () => await Promise.reject(new Error('nothing to learn')),
      open: async () => await Promise.resolve({ get: getFrom, close }),
    },
    never,
  )

describe('from-feedback', () => {
  it('--check of a file that is not there is refused by its name', async () => {
    await expect(run({ check: true, cases: 'typo.jsonl' })).rejects.toThrow('typo.jsonl cannot be read')
  })

  it('closes what it opened, also when reading fails', async () => {
    let closed = 0
    const close = async () => void closed++
    expect(await run({}, close)).toEqual([[expect.stringContaining('2 added'), expect.any(String)], 0])
    await writeFile(cases, 'x')
    await expect(run({}, close)).rejects.toThrow('line 1')
    expect(closed).toBe(2)
  })

  it.each([
    ['a server', { url: 'http://x' }],
    ['a database', { database: 'postgres://x' }],
    ['a day that is none', { date: 'today' }],
  ])('--check refuses %s', async (_name, options) => {
    await expect(run({ check: true, ...options })).rejects.toMatchObject({ name: 'InputError', code: 'usage' })
  })

  it('--check of a file that nobody has begun says how to begin, and learns nothing', async () => {
    await writeFile(cases, '')
    const [lines, code] = await run({ check: true })
    expect([lines, code]).toEqual([[`${cases} holds no case yet: npm run eval -- from-feedback`], 0])
  })
})
