// Steps taken away one at a time, over a library in memory that writes down what it is asked.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { ablate } from '../../eval/ablate.ts'
import type { Learn } from '../../eval/command.ts'
import type { SearchRequest } from '../../core/ports.ts'
import { folderOfFile } from '../support/folder.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'
import { keepQuiet } from '../support/quiet.ts'

keepQuiet()

const weather = 'The weather of that year was cold and nobody went outside before noon came. '
const files: Readonly<Record<string, string>> = {
  'stripe.md': `# Rate limiters\n${weather.repeat(9)}\nStripe runs four limiters in production, and its rate limiter uses a token bucket.`,
  'notion.md': '# Storage\nNotion keeps all blocks in a Postgres database.',
  'bread.md': '# Baking\nBread needs flour.\n~ Subscribe to the pumpernickel gazette.',
}
const base = { kind: 'test', answerable: true, sources: [] as unknown[], facts: [] as string[][] }
const cases = [
  // Needs the conversation, a synonym and a corrected spelling at once.
  {
    ...base,
    id: 'q1',
    question: 'and which db does it keep its blokcs in?',
    sources: [{ file: 'notion.md', lines: [2, 2] }],
    history: [{ question: 'How is the storage of Notion made?', answer: 'Of blocks.' }],
  },
  {
    ...base,
    id: 'q2',
    question: 'Which rate limiter does Stripe run in production?',
    sources: [{ file: 'stripe.md', lines: [3, 3] }],
    facts: [['token bucket']],
  },
  { ...base, id: 'q3', question: 'Who won the chess olympiad in Bucharest?', answerable: false },
]

const requests: SearchRequest[] = []
const learned: (readonly [library: string, headings: readonly string[], texts: readonly string[]])[] = []

const learn: Learn = async (name, _paths, { prepare } = {}) => {
  const documents = Object.entries(files).map(([name, text]) => {
    const document = documentOf(name.slice(0, -3), text)
    return { ...document, ...prepare?.(document) }
  })
  const library = libraryOf(...documents)
  const candidates: typeof library.search.candidates = async (request, signal) => {
    requests.push(request)
    return await library.search.candidates(request, signal)
  }
  const terms = new Map([...(await library.search.vocabulary(name)).keys()].map((term) => [term, 1]))
  const all = await library.search.candidates({ library: name, terms, vector: null, limit: 100 }, never)
  learned.push([name, all.flatMap(({ headings }) => headings), all.map(({ text }) => text)])
  return depsOf({ ...library, search: { ...library.search, candidates } })
}

let lines: string[]
const lineOf = (name: string) => lines.find((line) => line.startsWith(name)) ?? ''

beforeAll(async () => {
  const folder = await folderOfFile()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const set = join(folder, 'set.jsonl')
  await writeFile(set, cases.map((each) => JSON.stringify(each)).join('\n'))
  lines = await ablate({ set, library: folder }, {}, learn, never)
})

/** What was searched for the first question, by the name of what was away. */
const requestOf = (name: string) => requests[lines.findIndex((line) => line.startsWith(name)) - 2]
const searched = (name: string) => [...(requestOf(name)?.terms.keys() ?? [])]

describe('an ablation', () => {
  it('has a line for all steps, one for each that is away, and asks every question of each', () => {
    expect(lines[0]).toContain(`3 questions, each answered ${lines.length - 2} times`)
    expect(requests).toHaveLength(3 * (lines.length - 2))
    expect(lineOf('all on')).not.toMatch(/[+−]/)
    for (const line of lines.slice(3)) expect(line.match(/\+\d+ −\d+/g)).toHaveLength(4)
  })

  it.each([
    ['no synonyms', ['databas']],
    ['no spelling', ['block']],
    ['no rewriting of follow-ups', ['notion', 'storag']],
  ])('that is called %s searches without what the step adds, and nothing else', (name, missing) => {
    expect(searched('all on')).toEqual(expect.arrayContaining(missing))
    for (const term of missing) expect(searched(name)).not.toContain(term)
    expect(searched('no likeness of sentences')).toEqual(searched('all on'))
    for (const other of ['no synonyms', 'no spelling', 'no rewriting of follow-ups'])
      if (other !== name) expect(searched(other)).toEqual(expect.arrayContaining(missing))
  })

  it('leaves the search its words or its vectors', () => {
    const all = requestOf('all on')
    expect(requestOf('no vectors in the search')).toEqual({ ...all, vector: null })
    expect(requestOf('no words in the search')).toEqual({ ...all, terms: new Map() })
    expect(all?.vector).not.toBeNull()
  })

  it('learns the library anew for what is decided while learning', () => {
    expect(learned.map(([library]) => library)).toEqual([
      'ablate',
      requestOf('boilerplate')?.library,
      requestOf('no title')?.library,
    ])
    const [shipped, advertised, untitled] = learned
    expect(shipped?.[2].join(' ')).not.toContain('pumpernickel')
    expect(advertised?.[2].join(' ')).toContain('pumpernickel')
    expect(new Set(untitled?.[1])).toEqual(new Set(['']))
    expect(untitled?.[2]).toEqual(shipped?.[2])
  })

  it('of the choice of sentences quotes what comes first', () => {
    expect(lineOf('all on')).toMatch(/^all on +100 % +100 % +100 %/)
    expect(lineOf('first sentences')).toMatch(/^.+best +100 % \+0 −0 +50 % \+0 −1 +0 % −100\.0/)
  })

  it('of the evidence refuses nothing', () => {
    expect(lineOf('all on')).toMatch(/100 % +0 % +\d+$/)
    expect(lineOf('no evidence decision')).toMatch(/ 0 % \+0 −1 +0 % \+0 −0 +\d+$/)
  })
})
