// The judge itself is judged: against people's labels (WiCE) and against errors put into sentences of a library.
import { type Document, type Sample, samplesOf } from '../planted.ts'
import { judgeByWords, type Labelled, readClaims } from '../public/wice.ts'
import { createGrounds } from '../../server/answer/ground.ts'
import { reword } from '../score/errors.ts'
import { agreementOf, type Compared } from './agreement.ts'
import { inParallel, type Judge } from './ask.ts'
import type { LabelledSet, OutOf, Sets } from './scorecard.ts'
import { askSupport, type Quote, type Verdict, weights } from './support.ts'

type Trial = Omit<Compared, 'judged'> & { readonly label: string; readonly verdict: Verdict | null }

const FLIPPED = 100
// Cited words are a sentence or two. An article cannot be cited, so it is given in pieces of this many characters.
const PIECE = 1_000

/** Every claim against the whole article that it cites; the first hundred that have an order once more, in the reverse of it. */
export async function checkWice(
  judge: Judge,
  folder: string,
  parallel: number,
  signal: AbortSignal,
): Promise<NonNullable<Sets['wice']>> {
  const claims = await readClaims(folder)
  const ask = async ({ claim, evidence, meta }: Labelled, isReversed: boolean) =>
    await askSupport(judge, claim, piecesOf(meta.claim_title, evidence), signal, isReversed)
  const trials = await inParallel(claims, parallel, async (each): Promise<Trial> => {
    const { label, meta } = each
    const control = { isSupported: judgeByWords(each).verdict === 'supported' }
    const verdict = await ask(each, false)
    return { cluster: meta.claim_title, label, isSupported: label === 'supported', control, verdict }
  })
  const ordered = claims.flatMap((each, index) =>
    piecesOf('', each.evidence).length > 1 ? [{ each, first: trials[index]?.verdict ?? null }] : [],
  )
  const pairs = await inParallel(
    ordered.slice(0, FLIPPED),
    parallel,
    async ({ each, first }) => [first, await ask(each, true)] as const,
  )
  const measured = pairs.filter(([first, second]) => first && second)
  const flips = measured.filter(([first, second]) => isFull(first) !== isFull(second)).length
  const unmeasured = pairs.length - measured.length
  return { ...setOf(trials), flips: { count: flips, of: measured.length, unmeasured } }
}

function piecesOf(title: string, sentences: readonly string[]): Quote[] {
  const pieces: string[] = []
  for (const sentence of sentences) {
    const last = pieces.at(-1)
    if (last !== undefined && last.length + sentence.length < PIECE) pieces[pieces.length - 1] = `${last}\n${sentence}`
    else pieces.push(sentence)
  }
  return pieces.map((text) => ({ from: title, text }))
}

type Attempt = { readonly kind: string; readonly claim: string; readonly isSupported: boolean; readonly sample: Sample }

/** Each sentence as it is, reworded by rule, and with one error of each kind, against the section it stands in. */
export async function checkPlanted(
  judge: Judge,
  documents: readonly Document[],
  { sentences, parallel, seed }: { readonly sentences: number; readonly parallel: number; readonly seed: number },
  signal: AbortSignal,
): Promise<NonNullable<Sets['planted']>> {
  const attempts = samplesOf(documents, seed).slice(0, sentences).flatMap(attemptsOf)
  const trials = await inParallel(attempts, parallel, async ({ kind, claim, isSupported, sample }): Promise<Trial> => {
    const { document, headings, text } = sample.passage
    const grounds = createGrounds([sample.passage])
    const words = grounds.judge(claim, grounds.lock(claim, 1)).verdict
    const from = [...new Set([document.title, ...headings])].join(' > ')
    const verdict = await askSupport(judge, claim, [{ from, text }], signal)
    return {
      cluster: sample.sentence,
      label: kind,
      isSupported,
      control: { isSupported: words === 'supported' },
      verdict,
    }
  })
  const wrong = trials.filter(({ isSupported }) => !isSupported)
  const right = trials.filter(({ isSupported }) => isSupported)
  return { ...setOf(trials), caught: { ...byLabel(wrong), ALL: notFull(wrong) }, falseAlarms: byLabel(right) }
}

function attemptsOf(sample: Sample): Attempt[] {
  const { sentence, errors } = sample
  const errorsOf = Object.entries(errors).map(([kind, claim]) => ({ kind, claim, isSupported: false, sample }))
  return [
    { kind: 'verbatim', claim: sentence, isSupported: true, sample },
    { kind: 'reworded', claim: reword(sentence), isSupported: true, sample },
    ...errorsOf,
  ]
}

function setOf(trials: readonly Trial[]): LabelledSet {
  const compared = trials.map(({ verdict, ...rest }): Compared => {
    const judged = verdict && { isSupported: isFull(verdict), weight: weights[verdict.support] }
    return { ...rest, judged }
  })
  const columns = ['full', 'partial', 'none', 'contradicted', 'unmeasured']
  const row = (label: string) =>
    columns.map((column) => [column, trials.filter((each) => each.label === label && columnOf(each) === column).length])
  return {
    claims: trials.length,
    unmeasured: trials.filter(({ verdict }) => verdict === null).length,
    agreement: agreementOf(compared),
    confusion: Object.fromEntries(
      [...new Set(trials.map(({ label }) => label))].map((label) => [label, Object.fromEntries(row(label))]),
    ),
  }
}

function columnOf({ verdict }: Trial): string {
  if (verdict === null) return 'unmeasured'
  return verdict.contradicted ? 'contradicted' : verdict.support
}

function isFull(verdict: Verdict | null): boolean {
  return verdict?.support === 'full'
}

function byLabel(trials: readonly Trial[]): Record<string, OutOf> {
  const groups = Map.groupBy(trials, ({ label }) => label)
  return Object.fromEntries([...groups].map(([label, all]) => [label, notFull(all)]))
}

/** Of what was measured. */
function notFull(trials: readonly Trial[]): OutOf {
  const measured = trials.filter(({ verdict }) => verdict !== null)
  return { count: measured.filter(({ verdict }) => !isFull(verdict)).length, of: measured.length }
}
