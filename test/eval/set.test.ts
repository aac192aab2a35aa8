// A run of a set from its questions to its file: what is asked, what is kept, and what another run of the same is.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Learn, Options } from '../../eval/command.ts'
import type { Case } from '../../eval/questions.ts'
import { readRun, type Run } from '../../eval/record.ts'
import { keepRun, runSet, select } from '../../eval/set.ts'
import { StoreError } from '../../core/errors.ts'
import { folderOfFile } from '../support/folder.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'

const stripe = '# Rate limiters\nStripe runs four limiters in production, and its rate limiter uses a token bucket.'
const questions = [
  {
    id: 'q1',
    kind: 'direct',
    question: 'Which rate limiter does Stripe run in production?',
    facts: [['token bucket']],
  },
  { id: 'q2', kind: 'numeric', question: 'How many limiters does Stripe run in production?', facts: [['four']] },
  { id: 'q3', kind: 'unanswerable', question: 'Who won the chess olympiad in Bucharest?', answerable: false },
]

let paths: { readonly set: string; readonly library: string; readonly cache: string }
/** every question that got as far as the search */
let asked: string[]
let learned: number
let libraries: string[]
let isDown: boolean

const learn: Learn = async (library) => {
  learned++
  libraries.push(library)
  const document = documentOf('stripe', stripe)
  const { search, documents } = libraryOf(document)
  const list: typeof documents.list = async (_library, _limit, after) =>
    await Promise.resolve(after === undefined ? [{ ...document, chunks: 1, characters: 1, ingestedAt: '' }] : [])
  const candidates: typeof search.candidates = async (request, signal) => {
    asked.push([...request.terms.keys()].join(' '))
    if (isDown && request.terms.has('olympiad')) throw new StoreError('store-unavailable', 'down')
    return await search.candidates(request, signal)
  }
  return await Promise.resolve(depsOf({ documents: { ...documents, list }, search: { ...search, candidates } }))
}

async function writeSet(...lines: readonly object[]): Promise<void> {
  const sources = [{ file: 'stripe.md', lines: [2, 2] }]
  const whole = lines.map((line) => ({ answerable: true, facts: [], sources, ...line }))
  const placed = whole.map((line) => JSON.stringify(line.answerable ? line : { ...line, sources: [] }))
  await writeFile(paths.set, placed.join('\n'))
}

beforeEach(async () => {
  const folder = await folderOfFile()
  paths = { set: join(folder, 'set.jsonl'), library: join(folder, 'library'), cache: join(folder, 'cache') }
  await mkdir(paths.library)
  await writeFile(join(paths.library, 'stripe.md'), stripe)
  await writeSet(...questions)
  asked = []
  learned = 0
  libraries = []
  isDown = false
})

async function run(options: Options = {}): Promise<Run> {
  return await runSet(paths, { cache: paths.cache, ...options }, learn, never)
}

describe('a run', () => {
  it('has every question with its answer, its scores and what it was made with', async () => {
    const { questions, set, environment, options } = await run({ only: 'kind=direct', seed: '4' })
    expect(questions).toMatchObject([
      { id: 'q1', kind: 'direct', cluster: 'stripe.md', fault: null, held: { citations: [[0]] }, scores: { hit_5: 1 } },
    ])
    expect(questions[0]?.outcome).toMatchObject({ status: 'answered', citations: [{ isValid: true }] })
    expect(questions[0]?.places).toEqual([{ file: 'stripe.md', lines: [2, 2], text: stripe.split('\n')[1] }])
    expect(questions[0]?.outcome?.evidence).toEqual([{ text: 'stripe.md', start: 14, end: 95 }])
    expect(set.file).toBe(paths.set)
    expect(environment.product).toMatch(/^[0-9a-f]{64}$/)
    expect(options).toEqual({ only: 'kind=direct', seed: '4' })
  })

  it('of the same is the same, byte by byte, but for its times', async () => {
    const runs = [await run({ fresh: true }), await run({ fresh: true, parallel: '3' }), await run()]
    const [first, ...others] = runs.map((each) => JSON.stringify({ ...each, timingsMs: {} }))
    expect(others).toEqual([first, first])
    expect(asked).toHaveLength(6)
  })

  it('is read from its file as it was written, and lies beside it as a page', async () => {
    const file = join(paths.cache, 'a', 'run.json')
    expect(await keepRun(await run(), { run: file })).toBe(file)
    expect(await readRun(file)).toEqual(await run())
    expect(await readFile(join(paths.cache, 'a', 'run.html'), 'utf8')).toMatch(/^<!doctype html>/)
    // A diff of two runs reads line by line, and ends in the times.
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty('timingsMs.q1.total')
  })

  it('asks nothing that it has kept, and learns nothing for it', async () => {
    const first = await run()
    expect(await run()).toEqual(first)
    expect([asked.length, learned]).toEqual([3, 1])
  })

  it('asks again what is changed: a question by itself, all of them with the library', async () => {
    await run()
    await writeSet(...questions.slice(0, 2), { ...questions[2], question: 'Who won the chess olympiad in Dubai?' })
    await run()
    expect(asked).toHaveLength(4)
    await writeFile(join(paths.library, 'bread.md'), 'Bread needs flour.')
    await run()
    expect(asked).toHaveLength(7)
  })

  it('learns each state and each size of a folder as a library of its own, as its database may stay', async () => {
    await run({ fresh: true })
    await run({ fresh: true, size: '500' })
    await writeFile(join(paths.library, 'bread.md'), 'Bread needs flour.')
    await run({ fresh: true })
    expect(new Set(libraries).size).toBe(3)
  })

  it('goes on where it was stopped', async () => {
    const leaving = new AbortController()
    const leavingLearn: Learn = async (...what) => {
      const deps = await learn(...what)
      const candidates: typeof deps.search.candidates = async (...request) => {
        if (asked.length === 1) leaving.abort(new Error('left'))
        return await deps.search.candidates(...request)
      }
      return { ...deps, search: { ...deps.search, candidates } }
    }
    await expect(runSet(paths, { cache: paths.cache }, leavingLearn, leaving.signal)).rejects.toThrow('left')
    asked = []
    const { questions } = await run()
    expect(asked).toHaveLength(2)
    expect(questions.map(({ fault }) => fault)).toEqual([null, null, null])
  })

  it('keeps a question that failed with its fault and without a score, and asks it again', async () => {
    isDown = true
    const { questions, timingsMs } = await run()
    expect(questions[2]).toMatchObject({
      fault: expect.stringContaining('store-unavailable'),
      outcome: null,
      scores: {},
    })
    expect(Object.keys(timingsMs)).toEqual(['q1', 'q2'])
    isDown = false
    expect((await run()).questions[2]).toMatchObject({ fault: null, scores: { refused: 1 } })
  })
})

describe('a choice of questions', () => {
  const cases = Array.from({ length: 60 }, (_, at) => ({
    id: `c${at}`,
    kind: at % 3 === 0 ? 'list' : 'typo',
  })) as Case[]
  const idsOf = (options: Options, from = cases) => select(from, options).map(({ id }) => id)

  it('is by kind, with or without its name, and by half', () => {
    expect(idsOf({ only: 'kind=list' })).toHaveLength(20)
    expect(idsOf({ only: 'list' })).toEqual(idsOf({ only: 'kind=list' }))
    expect([...idsOf({ half: 'a' }), ...idsOf({ half: 'b' })].sort()).toEqual(idsOf({}).sort())
  })

  it('by sample is the same for the same seed, in the order of the set, whatever is added to it', () => {
    const drawn = idsOf({ sample: '12', seed: '7' })
    expect(drawn).toHaveLength(12)
    expect(idsOf({}).filter((id) => drawn.includes(id))).toEqual(drawn)
    expect(idsOf({ sample: '12', seed: '8' })).not.toEqual(drawn)
    expect(idsOf({ sample: '20', seed: '7' })).toEqual(expect.arrayContaining(drawn))
    const more = [...cases, { id: 'new', kind: 'list' }] as Case[]
    expect(idsOf({ sample: '12', seed: '7' }, more).filter((id) => drawn.includes(id)).length).toBeGreaterThanOrEqual(
      11,
    )
  })

  it('that leaves none is refused with the kinds that there are', () => {
    expect(() => select(cases, { only: 'kind=lists' })).toThrow('The kinds of this set are: list, typo.')
    expect(() => select(cases, { half: 'c' })).toThrow('--half is "c": give a or b.')
    expect(() => select(cases, { sample: 'many' })).toThrow('--sample')
    expect(() => select(cases, { sample: '0' })).toThrow('--sample is "0": give a whole number from 1 to 9999999.')
  })

  it('by a chunk that holds no sentence is refused', async () => {
    await expect(run({ size: '1' })).rejects.toThrow('--size is 1: give at least 100 characters.')
  })

  it('from an empty set says so', async () => {
    await writeFile(paths.set, '\n')
    await expect(run()).rejects.toThrow(`${paths.set} holds no question.`)
  })
})
