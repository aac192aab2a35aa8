// The fit of the three models over a library in memory, and the threshold that goes with the evidence.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Half, halfOf, type Learn } from '../../eval/command.ts'
import { chooseThreshold } from '../../eval/weights/evidence.ts'
import { fit } from '../../eval/weights/fit.ts'
import { fitOrder } from '../../eval/weights/order.ts'
import { evidenceFeatures, evidenceModel, weigh } from '../../server/answer/evidence.ts'
import { candidateFeatures } from '../../server/answer/features.ts'
import { pieceFeatures } from '../../server/answer/pieces.ts'
import { candidatesOf, depsOf, documentOf, foundOf, libraryOf, never, passageOf } from '../support/passages.ts'
import { folderOfFile } from '../support/folder.ts'

const passage = 'Stripe runs four limiters in production. Its rate limiter uses a token bucket of Redis.'
const stripe = documentOf('stripe', `# Limiters\n${passage}`)
const bread = documentOf('bread', '# Baking\nA loaf of bread needs flour. Production of flour needs a mill.')
const learn: Learn = async () => depsOf(libraryOf(stripe, bread))

let folder: string
let paths: { readonly set: string; readonly library: string }

async function write(name: string, ...lines: readonly unknown[]): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  return path
}

/** Five questions in each half, the last of them not to be answered. */
const ids = (['a', 'b'] as const).flatMap((each) => half(each).slice(0, 5))
const cases = ids.map((id, at) => ({
  id,
  kind: 'test',
  answerable: at % 5 < 4,
  question: at % 5 < 4 ? 'Which rate limiter does Stripe run in production?' : 'Who won the chess olympiad?',
  sources: at % 5 < 4 ? [{ file: 'stripe.md', lines: [2, 2] }] : [],
  facts: [],
}))

beforeAll(async () => {
  folder = await folderOfFile()
  await write('stripe.md', '# Limiters', passage)
  paths = { set: await write('set.jsonl', ...cases), library: folder }
})

async function fitCandidates(ridge: string): Promise<string> {
  return (await fit(paths, { only: 'candidates', ridge }, learn, never)).join('\n')
}

function half(wanted: Half): string[] {
  return Array.from({ length: 400 }, (_, at) => `q${at}`).filter((id) => halfOf(id) === wanted)
}

describe('a fit', () => {
  it('prints figures of both halves before and after, and weights to paste for every feature', async () => {
    const lines = await fit(paths, {}, learn, never)
    const text = lines.join('\n')
    expect(text).toContain('Evidence: 5 questions of half a')
    expect(text).toMatch(
      /questions of the set +half a before +half a after +half b before +half b after\nquestions +5 +5 +5 +5\n/,
    )
    expect(text.match(/AUROC( +1\.000 \[1\.000, 1\.000\]){4}/g)).toHaveLength(1)
    expect(text).toMatch(/hit@1( +100 % \[51 %, 100 %\]){4}\n/)
    expect(text).toMatch(/hit@5[^]*MRR( +1\.000 \[–\]){4}[^]*hit@6/)
    for (const [name, features] of Object.entries({
      evidenceWeights: evidenceFeatures,
      candidateWeights: candidateFeatures,
      pieceWeights: pieceFeatures,
    })) {
      const printed = new RegExp(String.raw`^export const ${name}: readonly number\[\] = (\[[-\d., ]+\])$`, 'm').exec(
        text,
      )
      expect(JSON.parse(printed?.[1] ?? '[]')).toHaveLength(features.length)
      for (const feature of features) expect(text).toContain(`\n${feature} `)
    }
    expect(text).toMatch(/^export const evidenceBias = -?\d+(\.\d+)?$/m)
  })

  it('of one model leaves the others alone, and the stronger its ridge the nearer it stays to what ships', async () => {
    const free = await fitCandidates('0.1')
    expect(free).toMatch(/^gold chunk/)
    expect(free).not.toMatch(/evidence|pieceWeights/)
    const rows = (await fitCandidates('100000'))
      .split('\n')
      .filter((line) => candidateFeatures.some((name) => line.startsWith(name)))
    expect(rows).toHaveLength(candidateFeatures.length)
    for (const row of rows) expect(row).toMatch(/ (-?\d+\.\d\d) +\1$/)
    expect(free).not.toBe(await fitCandidates('100000'))
  })

  it('of the evidence takes public sets along, each with its own figures', async () => {
    const line = (id: string, input: string) => ({
      id,
      input,
      passages: [{ title: 'Stripe', text: passage, sentences: [passage] }],
      output: [{ answer: '' }],
    })
    const dev = 'clapnq/annotated_data/dev'
    await write(`${dev}/clapnq_dev_answerable.jsonl`, line('1', 'Which limiter does Stripe run?'))
    await write(`${dev}/clapnq_dev_unanswerable.jsonl`, line('2', 'Who won the chess olympiad?'))
    const qas = [0, 1, 2].map((at) => ({
      id: `s${at}`,
      question: 'Which limiter runs?',
      is_impossible: at === 1,
      answers: [],
    }))
    const squad = await write('squad.json', { data: [{ title: 'Stripe', paragraphs: [{ context: passage, qas }] }] })
    const options = { only: 'evidence', clapnq: join(folder, 'clapnq'), squad, sample: '2' }
    const text = (await fit(paths, options, learn, never)).join('\n')
    for (const set of ['questions of the set', 'CLAPNQ, own passage', 'CLAPNQ, all passages', 'SQuAD'])
      expect(text).toContain(`\n${set} `)
    const counts = /SQuAD .*\nquestions +(\d) +\d +(\d)/.exec(text)
    expect(Number(counts?.[1]) + Number(counts?.[2])).toBe(2)
    expect(text).not.toMatch(/gold|NaN|undefined/)
  })

  it.each([
    [{ only: 'sentences' }, '--only is "sentences": give evidence, candidates, pieces.'],
    [{ ridge: '-1' }, '--ridge is "-1": give a number that is not negative.'],
    [{ ridge: 'x' }, '--ridge is "x": give a number that is not negative.'],
  ])('is refused with %j', async (options, message) => {
    await expect(fit(paths, options, learn, never)).rejects.toMatchObject({ name: 'InputError', message })
  })
})

describe('the fit of an order', () => {
  it('puts first what the one telling feature tells, and says so on both halves', () => {
    const rows = Array.from({ length: 40 }, (_, at) => ({
      id: `q${at}`,
      cluster: `q${at}`,
      group: [0, 1, 2].map((place) => ({
        features: [place === 2 ? 1 : 0, place === 0 ? 1 : 0],
        offset: 0,
        right: place === 2,
      })),
    }))
    const model = { name: 'weights', features: ['telling', 'misleading'], weights: [0, 1] }
    const lines = fitOrder('right one', rows, model, [1, 3], 0.1)
    expect(lines.find((line) => line.startsWith('hit@1'))).toMatch(/ 0 % .* 100 % .* 0 % .* 100 % /)
    expect(lines.find((line) => line.startsWith('MRR'))).toMatch(/0\.333 .*1\.000 .*0\.333 .*1\.000 /)
  })
})

/** Answerable questions of half a with these confidences, the first of them ruled out. */
function confident(confidences: readonly number[], ruledOut = 0) {
  const own = half('a')
  return confidences.map((confidence, at) => ({
    id: own[at] ?? '',
    answerable: true,
    confidence,
    ruledOut: at < ruledOut,
  }))
}

describe('the chosen threshold', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => (at + 1) / 200)

  it('refuses three of a hundred, fewer by as many as the rules refuse, and gives up where they refuse more', () => {
    expect(chooseThreshold(confident(hundred))).toBe(0.02)
    expect(chooseThreshold(confident(hundred, 2))).toBe(0.02)
    expect(chooseThreshold(confident(hundred, 3))).toBe(0.02)
    expect(chooseThreshold(confident(hundred.toReversed(), 2))).toBe(0.01)
    expect(chooseThreshold(confident(hundred, 4))).toBe(0)
    expect(chooseThreshold([])).toBe(0)
  })

  it('asks only the answerable ones of half a', () => {
    const others = half('b').map((id) => ({ id, answerable: true, confidence: 0, ruledOut: false }))
    const foreign = half('a').map((id) => ({ id, answerable: false, confidence: 0.9, ruledOut: false }))
    expect(chooseThreshold([...confident(hundred), ...others, ...foreign])).toBe(0.02)
  })

  it('decides as the pipeline does: by the rules, then by the confidence', () => {
    const words = fc.subarray(['Stripe', 'its', 'search', 'bucket', 'many', 'how', 'limit', 'flour'])
    const candidates = candidatesOf(stripe)
    fc.assert(
      fc.property(words, fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true }), (asked, isHeld, enough) => {
        const found = foundOf(`How many of its ${asked.join(' ')}?`, candidates)
        const passages = [passageOf(isHeld ? passage : 'A loaf.')]
        const decide = (threshold: number) =>
          weigh(found, passages, found.query, { ...evidenceModel, enough: threshold })
        const { type, confidence } = decide(0)
        expect(decide(enough).type === 'too-weak').toBe(type === 'too-weak' || confidence < enough)
      }),
    )
  })
})
