// The judge is judged: by hand on few labels, by judges that always say the same, and by one that knows.
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Learn } from '../../eval/command.ts'
import { agreementOf, type Compared } from '../../eval/judge/agreement.ts'
import { judge, judgeCheck } from '../../eval/judge/command.ts'
import { openJudge } from '../../eval/judge/ask.ts'
import { scorecardOf, scorecardPath, type Sets, writeScorecard } from '../../eval/judge/scorecard.ts'
import { writeRun } from '../../eval/record.ts'
import { reword } from '../../eval/score/errors.ts'
import { folderOfFile } from '../support/folder.ts'
import { alwaysFull, askedOf, type Opinion, replyTo, runOf, scripted, verdict } from '../support/judging.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'
import { completion, openProvider, streamOf } from '../support/provider.ts'

let folder = ''
let caches = 0
beforeAll(async () => {
  folder = await folderOfFile()
  await mkdir(join(folder, 'claim'))
  await writeFile(join(folder, 'claim', 'dev.jsonl'), lines.join('\n'))
})

// Evidence too long for one piece, so that it has an order.
const filler = `Bread rests ${'for a long while '.repeat(60)}before it is baked.`
const evidence = ['Redis keeps the counts of users.', filler]
const owners = ['Lyft', 'Uber', 'Etsy', 'Slack', 'Grab', 'Quora', 'Notion', 'Stripe', 'Tinder', 'Twitch']

/** In words that the evidence does not have, where the check of words finds nothing: only who understands agrees. */
const isTrue = (claim: string) => claim.startsWith('Tallies')
const lines = owners.flatMap((owner, index) =>
  [`Tallies live inside memory at ${owner}.`, `Kafka was bought by ${owner}.`].map((claim) =>
    JSON.stringify({
      label: isTrue(claim) ? 'supported' : index % 2 === 0 ? 'not_supported' : 'partially_supported',
      claim,
      evidence,
      meta: { id: claim, claim_title: owner },
    }),
  ),
)

const sentence = 'In 2017, the service at Lyft keeps 480 shards and answers within 50 ms.'
const other = 'Redis keeps the counts of 20 users for them.'
const text = `# Shards\n${sentence} ${other}`
const document = documentOf('lyft', text)
const learn: Learn = async () => {
  const library = libraryOf(document)
  const listed = { ...document, chunks: 1, characters: 1, ingestedAt: '' }
  const list = async (...[, , after]: [string, number, string?]) => (after ? [] : [listed])
  return depsOf(library, { documents: { ...library.documents, list } })
}

const restated = [sentence, other].map(reword)
/** Knows what is true: what stands there to the letter, and what says so in other words. */
const knowing: Opinion = {
  support: (claim, quotes) => {
    const first = quotes[0]?.slice(0, 8)
    const isThere = quotes.some((quote) => quote.includes(claim)) || restated.includes(claim)
    if (isThere || isTrue(claim)) return verdict('full', first)
    return claim.startsWith('Kafka') ? verdict('none') : verdict('partial', first, true)
  },
}

async function check(opinion: Opinion, sets: { wice?: string; planted?: string }) {
  const n = caches++
  const [cache, out] = [join(folder, `cache-${n}`), join(folder, `card-${n}.json`)]
  const open = { generator: async () => scripted(opinion).generator, learn }
  const told = await judgeCheck([], { ...sets, 'judge-cache': cache, out }, open, never).catch(
    (error: unknown) => error,
  )
  return { told, scorecard: JSON.parse(await readFile(out, 'utf8')) }
}

const row = (isSupported: boolean, weight: number, byWords: boolean, n: number): Compared => ({
  cluster: String(n),
  isSupported,
  judged: { isSupported: weight === 1, weight },
  control: { isSupported: byWords },
})
describe('agreement with labels', () => {
  const rows = [
    ...[1, 1, 1, 0.5].map((weight) => ({ label: true, weight })),
    ...[1, 1, 0, 0, 0, 0].map((weight) => ({ label: false, weight })),
  ].map(({ label, weight }, n) => row(label, weight, n % 2 === 0, n))

  it('is computed as by hand', () => {
    // 3 of 4 and 4 of 6 right; the words: 2 of 4 and 3 of 6.
    expect(agreementOf(rows)).toMatchObject({
      balancedAccuracy: { value: (3 / 4 + 4 / 6) / 2 },
      'balancedAccuracy, words': { value: 0.5 },
      'balancedAccuracy, judge - words': { value: (3 / 4 + 4 / 6) / 2 - 0.5 },
      'F1 of supported': { value: (2 * 3) / (5 + 4) },
      'F1 of unsupported': { value: (2 * 4) / (5 + 6) },
      // Each of the three ones beats four and ties two; the half beats four: 19 of 24 pairs.
      AUROC: { value: 19 / 24 },
      kappa: { value: expect.closeTo((0.7 - 0.5) / (1 - 0.5)) },
    })
  })

  it('leaves out what is unmeasured', () => {
    const missing = { cluster: 'x', isSupported: true, judged: null, control: { isSupported: true } }
    expect(agreementOf([...rows, missing])).toEqual(agreementOf(rows))
  })

  it('is not told of one class alone', () => {
    expect(agreementOf(rows.slice(0, 4))).toMatchObject({
      balancedAccuracy: null,
      AUROC: null,
      'F1 of unsupported': null,
    })
  })
})

const interval = (value: number) => ({ value, low: value - 0.01, high: value + 0.01 })
const agreement = { 'balancedAccuracy, judge - words': interval(0.1), 'F1 of supported': interval(0.7) }
const wice = { claims: 349, unmeasured: 0, agreement, confusion: {}, flips: { count: 5, of: 100, unmeasured: 0 } }
const planted = {
  claims: 400,
  unmeasured: 0,
  agreement: {},
  confusion: { verbatim: { full: 96, partial: 3, unmeasured: 1 } },
  caught: { ALL: { count: 190, of: 200 } },
  falseAlarms: { verbatim: { count: 3, of: 99 }, reworded: { count: 5, of: 100 } },
}
const identity = { model: 'm', parameters: {}, prompts: {} }

const tooFew = [
  'WiCE: claims, at least 349',
  'WiCE: claims asked once more, the evidence in the reverse order, at least 100',
  'planted errors: sentences, at least 100',
]

function unmetOf({ minimums }: { minimums: readonly { what: string; isMet: boolean }[] }): string[] {
  return minimums.filter(({ isMet }) => !isMet).map(({ what }) => what)
}

describe('a scorecard', () => {
  it('lets a judge gate that meets every minimum', () => {
    const { mayGate, minimums } = scorecardOf(identity, { wice, planted })
    expect([mayGate, unmetOf({ minimums })]).toEqual([true, []])
  })

  it.each<[string, Sets]>([
    ['claims, at least 349', { wice: { ...wice, claims: 348 }, planted }],
    ['order, at least 100', { wice: { ...wice, flips: { count: 0, of: 1, unmeasured: 0 } }, planted }],
    ['flip with the order', { wice: { ...wice, flips: { count: 0, of: 94, unmeasured: 6 } }, planted }],
    ['sentences, at least 100', { wice, planted: { ...planted, confusion: { verbatim: { full: 99 } } } }],
    [
      'reworded sentences',
      { wice, planted: { ...planted, falseAlarms: { ...planted.falseAlarms, reworded: { count: 6, of: 100 } } } },
    ],
  ])('lets none gate that does not: %s', (what, sets) => {
    const { mayGate, minimums } = scorecardOf(identity, sets)
    expect([mayGate, unmetOf({ minimums })]).toEqual([false, [expect.stringContaining(what)]])
  })
})

describe('npm run eval -- judge-check', () => {
  it('lets no judge gate by a few claims and sentences, though it meets every other minimum', async () => {
    const { told, scorecard } = await check(knowing, { wice: folder, planted: folder })
    expect(told).toMatchObject({ code: 'judge-refused', message: expect.stringContaining('This judge may not gate.') })
    expect(unmetOf(scorecard)).toEqual(tooFew)
    expect(scorecard).toMatchObject({
      schema: 'footnote-scorecard/1',
      judge: {
        model: 'fake',
        parameters: { temperature: 0 },
        prompts: { support: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
      wice: {
        claims: 20,
        unmeasured: 0,
        agreement: { 'balancedAccuracy, words': { value: 0.5 }, balancedAccuracy: { value: 1 }, kappa: { value: 1 } },
        confusion: { supported: { full: 10, none: 0 }, not_supported: { none: 5 }, partially_supported: { none: 5 } },
        flips: { count: 0, of: 20, unmeasured: 0 },
      },
      planted: { confusion: { verbatim: { full: 2 }, number: { contradicted: 2 } } },
      mayGate: false,
    })
    expect(scorecard.planted.caught.ALL.count).toBe(scorecard.planted.caught.ALL.of)
  })

  it('refuses a judge that always says "full": it catches no planted error', async () => {
    const { told, scorecard } = await check({ support: alwaysFull }, { wice: folder, planted: folder })
    expect(told).toMatchObject({ code: 'judge-refused', message: expect.stringContaining('This judge may not gate.') })
    expect(scorecard.planted.caught.ALL).toMatchObject({ count: 0, of: expect.toSatisfy((of: number) => of > 3) })
    expect(unmetOf(scorecard).filter((what) => !tooFew.includes(what))).toEqual([
      'WiCE: balanced accuracy above that of the words, its interval clear of 0',
      'planted errors: at least 95 % caught',
    ])
  })

  it('refuses a judge that always says "none": it calls the unharmed unsupported', async () => {
    const { scorecard } = await check({ support: () => verdict('none') }, { planted: folder })
    expect(scorecard.planted).toMatchObject({ falseAlarms: { verbatim: { count: 2, of: 2 } } })
    expect(scorecard.planted.caught.ALL.count).toBe(scorecard.planted.caught.ALL.of)
    expect(scorecard.mayGate).toBe(false)
  })

  it('refuses a judge that only met what was given', async () => {
    const { told, scorecard } = await check(knowing, { planted: folder })
    expect(scorecard).toMatchObject({ wice: null, mayGate: false })
    expect(told).toMatchObject({
      message: expect.stringMatching(/WiCE: unmeasured, at most 2 % +not measured +NOT MET/),
    })
  })

  it('refuses a judge whose verdict hangs on the order of the evidence', async () => {
    const { scorecard } = await check(
      { support: (_, [first = '']) => (first === filler ? verdict('none') : verdict('full', 'Redis')) },
      { wice: folder },
    )
    expect(scorecard.wice.flips).toEqual({ count: 20, of: 20, unmeasured: 0 })
    expect(scorecard.mayGate).toBe(false)
  })

  it('refuses a judge that cannot be understood, and counts none of it as a verdict', async () => {
    const { scorecard } = await check({ support: () => 'no' }, { wice: folder, planted: folder })
    expect(scorecard.wice).toMatchObject({ unmeasured: 20, agreement: { balancedAccuracy: null, kappa: null } })
    expect(scorecard.planted.caught.ALL).toEqual({ count: 0, of: 0 })
    expect(scorecard.minimums.every(({ isMet }: { isMet: boolean }) => !isMet)).toBe(true)
  })

  it('asks for something to check with', async () => {
    const open = { generator: async () => scripted().generator, learn }
    await expect(judgeCheck([], {}, open, never)).rejects.toThrow('--wice <folder>')
    await expect(judgeCheck([], { wice: folder, temperature: 'hot' }, open, never)).rejects.toThrow('--temperature')
  })

  it('is told beside the figures of the same judge, and not of another', async () => {
    const scorecards = join(folder, 'cards')
    const open = { generator: async () => scripted(knowing).generator, learn }
    const options = { 'judge-cache': join(folder, 'standing'), scorecards }
    const { identity } = await openJudge(scripted().generator, { parameters: { temperature: 0 }, cache: folder })
    await writeScorecard(scorecardPath(scorecards, identity), scorecardOf(identity, { wice, planted }))
    const path = join(folder, 'run.json')
    await writeRun(path, runOf(askedOf('one', [[sentence, 1]], [sentence])))
    const standing = async (temperature: string) =>
      (await judge([path], { ...options, temperature }, open, never)).at(-1)
    expect(await standing('0')).toMatch(/^fake with these prompts was checked and may gate: /)
    expect(await standing('1')).toMatch(/^fake with these prompts was not checked/)
  })
})

describe('the command itself', () => {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const run = async (env: Record<string, string>) => {
    await writeRun(join(folder, 'own.json'), runOf(askedOf('one', [[sentence, 1]], [sentence])))
    const args = [join(root, 'eval', 'main.ts'), 'judge', 'own.json']
    const own = { PATH: process.env['PATH'] ?? '', BUDGET_USD_PER_DAY: '5', ...env }
    return await promisify(execFile)(process.execPath, args, { cwd: folder, env: own })
  }

  it('names the variable to set where no model is configured', async () => {
    await expect(run({})).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /set OPENAI_API_KEY, or OPENAI_BASE_URL .*Everything else in npm run eval works without/,
      ),
    })
  })

  it('judges with the configured model', async () => {
    await using provider = await openProvider((request) => {
      const { messages } = request.body as { messages: Parameters<typeof replyTo>[0] }
      return streamOf(completion([JSON.stringify(replyTo(messages, {}))]))
    })
    const { stdout, stderr } = await run({ OPENAI_BASE_URL: provider.baseUrl })
    expect(stdout).toMatch(/citation recall, strict +1\.000 \[–\] +1 claims +0/)
    expect(stderr).toContain('2 calls (22 tokens in and 14 out, 0.0000 USD)')
    expect(provider.requests[0]?.body).toMatchObject({ model: 'gpt-4.1-mini', temperature: 0 })
    expect(provider.requests).toHaveLength(2)
  })
})
