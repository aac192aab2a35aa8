// A run as a judge sees it: each answer as claims with a verdict, each citation with what it adds, each fact found or not.
import type { Generator } from '../../core/ports.ts'
import type { Asked, Outcome, Run } from '../record.ts'
import { showQuestions } from '../progress.ts'
import { inParallel, type Judge, type JudgeOptions, openJudge, type Spent } from './ask.ts'
import { judgedOf, type Judged } from './judged.ts'
import { askNuggets } from './nuggets.ts'
import { splitAnswer } from './split.ts'
import { askSupport, type Quote, type Verdict, weights } from './support.ts'

/** Throws ModelError when the provider serves nobody; what was judged until then is kept. */
export async function judgeRun(
  run: Run,
  generator: Generator,
  { parallel, ...options }: JudgeOptions & { readonly parallel: number },
  signal: AbortSignal,
): Promise<{ readonly judged: Judged; readonly spent: Spent }> {
  const judge = await openJudge(generator, options)
  const asked = run.questions.filter(({ outcome }) => outcome !== null)
  const progress = showQuestions(asked.length)
  try {
    const questions = await inParallel(asked, parallel, async (each) => {
      const judged = await judgeQuestion(judge, each, signal)
      progress.step(judge.spent().calls === 0)
      return judged
    })
    return { judged: judgedOf(run, judge.identity, questions), spent: judge.spent() }
  } finally {
    progress.stop()
  }
}

type JudgedQuestion = Omit<Judged['questions'][number], 'scores'>

async function judgeQuestion(
  judge: Judge,
  { id, cluster, question, facts, outcome }: Asked,
  signal: AbortSignal,
): Promise<JudgedQuestion> {
  const answer = outcome?.answer ?? ''
  const texts = outcome?.statements.map(({ start, end }) => answer.slice(start, end)) ?? []
  const split = await splitAnswer(judge, question, texts, signal)
  const judged: JudgedQuestion = { id, cluster, claims: [], citations: [], facts: [] }
  for (const [index, { citations }] of (outcome?.statements ?? []).entries()) {
    const cited = outcome ? quotesOf(outcome, citations) : []
    const found = await judgeStatement(judge, split[index] ?? null, cited, signal)
    judged.claims.push(...found.claims.map((claim) => ({ statement: index + 1, ...claim })))
    judged.citations.push(...found.citations.map((citation) => ({ statement: index + 1, ...citation })))
  }
  // Our footnotes are no words of the answer: they would part what is copied as evidence.
  const plain = answer.replaceAll(/\s?\[\d{1,3}\]/g, '')
  const supports = await askNuggets(judge, { question, answer: plain, facts }, signal)
  judged.facts.push(...supports.map((support, index) => ({ wordings: facts[index] ?? [], support })))
  return judged
}

type Cited = Quote & { readonly n: number }

function quotesOf({ citations }: Outcome, numbers: readonly number[]): Cited[] {
  return citations
    .filter(({ n }) => numbers.includes(n))
    .map(({ n, title, headings, quote }) => ({ n, from: [...new Set([title, ...headings])].join(' > '), text: quote }))
}

type JudgedStatement = {
  readonly claims: readonly { readonly claim: string | null; readonly verdict: Verdict | null }[]
  readonly citations: readonly {
    readonly n: number
    readonly isNeeded: boolean | null
    readonly weight: number | null
  }[]
}

async function judgeStatement(
  judge: Judge,
  claims: readonly string[] | null,
  cited: readonly Cited[],
  signal: AbortSignal,
): Promise<JudgedStatement> {
  const unmeasured = cited.map(({ n }) => ({ n, isNeeded: null, weight: null }))
  if (claims === null) return { claims: [{ claim: null, verdict: null }], citations: unmeasured }
  const ask = async (claim: string, quotes: readonly Quote[]) => await askSupport(judge, claim, quotes, signal)
  const judged: JudgedStatement['claims'][number][] = []
  const found = cited.map(({ n }) => ({ n, needed: [] as (boolean | null)[], weights: [] as (number | null)[] }))
  for (const claim of claims) {
    const together = await ask(claim, cited)
    judged.push({ claim, verdict: together })
    for (const [index, quote] of cited.entries()) {
      const alone = await ask(claim, [quote])
      // Only where the citation alone is not enough does it matter whether the others are.
      const isOpen = together?.support === 'full' && alone !== null && alone.support !== 'full'
      const without = isOpen ? await ask(claim, cited.toSpliced(index, 1)) : null
      found[index]?.weights.push(alone && weights[alone.support])
      found[index]?.needed.push(isNeeded(together, alone, isOpen ? { without } : null))
    }
  }
  return {
    claims: judged,
    citations: found.map(({ n, needed, weights }) => ({ n, isNeeded: anyTrue(needed), weight: highest(weights) })),
  }
}

/** Citation precision of ALCE (Gao et al., 2023): it supports the claim alone, or the others do not without it. */
function isNeeded(
  together: Verdict | null,
  alone: Verdict | null,
  asked: { readonly without: Verdict | null } | null,
): boolean | null {
  if (together === null) return null
  if (together.support !== 'full') return false
  if (!asked) return alone && alone.support === 'full'
  return asked.without && asked.without.support !== 'full'
}

/** True by any that is; not known to be false while one is not known. */
function anyTrue(all: readonly (boolean | null)[]): boolean | null {
  if (all.includes(true)) return true
  return all.includes(null) ? null : false
}

function highest(all: readonly (number | null)[]): number | null {
  if (all.includes(weights.full)) return weights.full
  return all.includes(null) ? null : Math.max(0, ...all.map((each) => each ?? 0))
}
