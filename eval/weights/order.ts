// The fit of what comes first: of the candidates of a search, and of the sentences of its passages.
import type { Passage } from '../../core/types.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { lengthPrice, rateSentences } from '../../server/answer/extract.ts'
import { fuse } from '../../server/answer/fuse.ts'
import { dot, rateCandidates } from '../../server/answer/rerank.ts'
import type { Found } from '../../server/answer/retrieve.ts'
import { halfOf } from '../command.ts'
import { type Measure, meanOf, type Row, shareOf } from '../figures.ts'
import { fitRanking, type Group } from '../fit.ts'
import type { Case } from '../questions.ts'
import { holds } from '../score/retrieval.ts'
import { beforeAfter, rounded, sourceOf, weightTable } from './table.ts'

/** One question, with all that could come first for it. */
export type Ranked = Row & { readonly group: Group }

export function candidatesOf(test: Case, found: Found): Group {
  return rateCandidates(found, fuse(found.candidates)).map(({ candidate, features }) => ({
    features,
    offset: 0,
    right: holds(test, candidate.text),
  }))
}

/** The price of length is no weight of the model, but part of the score by which sentences are chosen. */
export async function piecesOf(
  test: Case,
  found: Found,
  passages: readonly Passage[],
  deps: Pick<AnswerDeps, 'sentenceEmbedder'>,
  signal: AbortSignal,
): Promise<Group> {
  const rated = await rateSentences(found, passages, deps, signal)
  return rated.flat().map(({ piece, features }) => ({
    features,
    offset: -lengthPrice(piece),
    // A name alone stands in many a line: it is right where its passage is.
    right: holds(test, piece.text) && holds(test, piece.passage.text),
  }))
}

type Model = { readonly name: string; readonly features: readonly string[]; readonly weights: readonly number[] }

/** Lines: how often what is right is among the first, before and after on both halves, then the weights. */
export function fitOrder(
  what: string,
  rows: readonly Ranked[],
  { name, features, weights }: Model,
  depths: readonly number[],
  ridge: number,
): string[] {
  const train = rows.filter(({ id }) => halfOf(id) === 'a')
  const fitted = fitRanking(
    train.map(({ group }) => group),
    ridge,
    weights,
  ).map(rounded)
  const isAnywhere = ({ group }: Ranked) => group.some(({ right }) => right)
  return [
    `${what}: ${train.filter(isAnywhere).length} of ${train.length} questions of half a have one to put first; ridge ${ridge}`,
    ...beforeAfter(what, placed(rows, weights), placed(rows, fitted), measures(depths)),
    ...weightTable(features, weights, fitted),
    sourceOf(name, fitted),
  ]
}

/** `place`: of the best that is right, from 1; Infinity when there is none. */
type Placed = Row & { readonly place: number }

function placed(rows: readonly Ranked[], weights: readonly number[]): Placed[] {
  return rows.map(({ id, cluster, group }) => {
    const order = group
      .map(({ features, offset, right }) => ({ score: offset + dot(features, weights), right }))
      .sort((a, b) => b.score - a.score)
    const at = order.findIndex(({ right }) => right)
    return { id, cluster, place: at === -1 ? Infinity : at + 1 }
  })
}

function measures(depths: readonly number[]): Measure<Placed>[] {
  return [
    ...depths.map((depth): Measure<Placed> => [
      `hit@${depth}`,
      shareOf(
        () => true,
        ({ place }) => place <= depth,
      ),
    ]),
    ['MRR', meanOf(({ place }) => 1 / place)],
  ]
}
