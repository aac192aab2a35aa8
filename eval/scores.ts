// The scores of one question, and the figures that only a whole set has. Every name: docs/evaluation.md, "The measures".
import type { Case } from './questions.ts'
import type { Asked, Outcome, TimesMs } from './record.ts'
import { refusalsOf } from './score/abstention.ts'
import { auroc } from './score/auroc.ts'
import { citedRate, lexicallyBacked, shareThat } from './score/citations.ts'
import { factCoverage } from './score/facts.ts'
import { marked, sourceTrue, stated, verbatimTrue } from './score/footnotes.ts'
import { containsFacts, groundedCorrect } from './score/grounded.ts'
import { averagePrecision, hitIn, ndcgAt, reciprocalRank } from './score/ranking.ts'
import { judgeRanking, placesRecall } from './score/retrieval.ts'
import { aurc, type Sure } from './score/risk.ts'
import { rougeL } from './score/rouge.ts'
import { type Covered, coverOf, type Place } from './score/spans.ts'
import { exactMatch, tokenF1 } from './score/squad.ts'
import { spent, timesAt } from './score/times.ts'

export type Held = Asked['held']

/** By name; null: it does not apply to this question, which is never counted as 0. */
export type Scores = Record<string, number | null>

const SHOWN = 5

export function scoresOf(test: Case, outcome: Outcome, held: Held): Scores {
  const refused = outcome.status === 'abstained'
  const retrieval = test.answerable && test.places.length > 0 ? retrievalScores(test, outcome, held) : noRetrieval
  const facts = factScores(test, outcome)
  const known = { hit5: retrieval.hit_5, rightSource: retrieval.right_source }
  return {
    grounded_correct: groundedCorrect(test, outcome, known),
    ...retrieval,
    ...facts,
    ...textScores(test, outcome),
    ...citationScores(outcome),
    answer_words: refused ? null : outcome.answer.split(/\s+/).filter(Boolean).length,
    finished: yes(outcome.status !== 'stopped'),
    refused: yes(refused),
    false_refusal: test.answerable ? yes(refused) : null,
    answered_unanswerable: test.answerable ? null : yes(!refused),
    premise_corrected: test.kind === 'false_premise' ? (refused ? known.hit5 : facts.contains_gold) : null,
  }
}

const noRetrieval = {
  hit_1: null,
  hit_5: null,
  recall_5: null,
  mrr_10: null,
  ndcg_10: null,
  map: null,
  span_recall: null,
  span_precision: null,
  span_iou: null,
  right_source: null,
}

type RetrievalScores = Record<keyof typeof noRetrieval, number | null>

/** The ranking is that of the passages, whether or not an answer was made of them. */
function retrievalScores(test: Case, { passages, evidence, isCut }: Outcome, held: Held): RetrievalScores {
  const { gains, judged } = judgeRanking(test, held.passages)
  const cited = yes(held.citations.some((places) => places.length > 0))
  const shown = passages.slice(0, SHOWN).map(({ file, span }) => ({ text: file, ...span }))
  const covered = evidence && bestCover(shown, evidence, test.either ?? false)
  return {
    hit_1: hitIn(1, gains),
    // A source that is cited was found, wherever its passage stands.
    hit_5: Math.max(hitIn(SHOWN, gains), cited),
    recall_5: placesRecall(SHOWN, test, held.passages),
    // What a server does not show of its ranking is not measured as if nothing was there.
    mrr_10: isCut ? null : reciprocalRank(10, gains),
    ndcg_10: isCut ? null : ndcgAt(10, gains, judged),
    map: isCut ? null : averagePrecision(gains, judged.filter(Boolean).length),
    span_recall: covered && covered.recall,
    span_precision: covered && covered.precision,
    span_iou: covered && covered.iou,
    right_source: cited,
  }
}

/** Where any place is enough, they are taken file by file, and the file counts of which most is covered. */
function bestCover(shown: readonly Place[], evidence: readonly Place[], either: boolean): Covered | null {
  const groups = either ? [...Map.groupBy(evidence, ({ text }) => text).values()] : [evidence]
  const covers = groups.map((group) => coverOf(shown, group))
  return covers.toSorted((a, b) => b.recall - a.recall || b.iou - a.iou)[0] ?? null
}

function factScores({ answerable, facts }: Case, { answer }: Outcome) {
  if (!answerable || facts.length === 0) return { fact_coverage: null, contains_gold: null, contains_any: null }
  const coverage = factCoverage(facts, answer)
  return { fact_coverage: coverage, contains_gold: containsFacts(facts, answer), contains_any: yes(coverage > 0) }
}

/** The markers of an answer are no words of it. A refusal has no text to compare. */
function textScores({ references = [], answerable }: Case, { status, answer }: Outcome): Scores {
  const isCompared = answerable && references.length > 0
  const text = status === 'abstained' ? '' : answer.replaceAll(/ ?\[\d+\]/g, '')
  return {
    exact_match: isCompared ? exactMatch(text, references) : null,
    token_f1: isCompared ? tokenF1(text, references) : null,
    rouge_l: isCompared ? rougeL(text, references) : null,
  }
}

function citationScores(outcome: Outcome): Scores {
  const backed = lexicallyBacked(outcome)
  return {
    quote_valid: shareThat(outcome.citations, ({ isValid }) => isValid),
    in_passages: shareThat(outcome.citations, ({ isInPassage }) => isInPassage),
    source_true: sourceTrue(outcome),
    verbatim_true: verbatimTrue(outcome),
    marked: marked(outcome),
    stated: stated(outcome),
    cited_rate: citedRate(outcome),
    citation_recall_lexical: backed && backed.recall,
    citation_precision_lexical: backed && backed.precision,
    citation_f1_lexical: backed && backed.f1,
  }
}

/** Of a set: what refusals, confidence, time and money come to. Questions that could not be answered are left out. */
export function figuresOf(questions: readonly Asked[], timingsMs: Readonly<Record<string, TimesMs>> = {}): Scores {
  const decided = questions.flatMap(({ outcome, answerable, scores }) => {
    if (!outcome) return []
    const { grounded_correct: right = null } = scores
    const isRight = right === null ? null : right === 1
    return [{ answerable, refused: outcome.status === 'abstained', isRight, confidence: outcome.confidence }]
  })
  const confidences = (of: boolean) =>
    decided.flatMap(({ answerable, confidence }) => (answerable === of && confidence !== null ? [confidence] : []))
  const [sure, unsure] = [confidences(true), confidences(false)]
  const refusals = refusalsOf(decided)
  return {
    abstention_precision: refusals.precision,
    abstention_recall: refusals.recall,
    abstention_f1: refusals.f1,
    false_refusals: refusals.falseRefusals,
    answered_unanswerable: refusals.answeredUnanswerable,
    coverage: refusals.coverage,
    selective_accuracy: refusals.selectiveAccuracy,
    auroc: sure.length === 0 || unsure.length === 0 ? null : auroc(sure, unsure),
    aurc: aurc(sureAnswers(questions)),
    ...timeFigures(questions.flatMap(({ id }) => timingsMs[id] ?? [])),
    ...costFigures(questions.flatMap(({ outcome }) => outcome?.usage ?? [])),
  }
}

/** For the risk–coverage curve: all that was answered and can be told right from wrong, the unanswerable among it. */
export function sureAnswers(questions: readonly Asked[]): Sure[] {
  return questions.flatMap(({ outcome, scores }) => {
    const { grounded_correct: right = null } = scores
    if (outcome?.status !== 'answered' || outcome.confidence === null || right === null) return []
    return [{ confidence: outcome.confidence, isRight: right === 1 }]
  })
}

function timeFigures(all: readonly TimesMs[]): Scores {
  const [retrieve, firstText, total] = [
    timesAt(all.map((each) => each.retrieve)),
    // A refusal has no text.
    timesAt(all.map((each) => each.firstText).filter((ms) => ms > 0)),
    timesAt(all.map((each) => each.total)),
  ]
  return {
    retrieve_ms_p50: retrieve.p50,
    retrieve_ms_p95: retrieve.p95,
    first_text_ms_p50: firstText.p50,
    first_text_ms_p95: firstText.p95,
    total_ms_p50: total.p50,
    total_ms_p95: total.p95,
  }
}

function costFigures(usages: readonly NonNullable<Outcome['usage']>[]): Scores {
  const usage = spent(usages)
  return {
    input_tokens: usage && usage.inputTokens,
    output_tokens: usage && usage.outputTokens,
    cost_usd: usage && usage.costUsd,
  }
}

function yes(is: boolean): number {
  return is ? 1 : 0
}
