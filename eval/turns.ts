// npm run eval -- turns --set … --library …: what the search finds for a follow-up question, by how it is searched for.
import type { AnswerDeps } from '../server/answer/answer.ts'
import { rewrite } from '../server/answer/rewrite.ts'
import { search } from '../server/answer/search.ts'
import type { OwnCommand } from './command.ts'
import { grid, meanOf, type Row, rate } from './figures.ts'
import { type Case, readCases } from './questions.ts'
import { hitIn, ndcgAt } from './score/ranking.ts'
import { judgeRanking, placesIn } from './score/retrieval.ts'
import { gapClosed } from './score/turns.ts'
import { mean } from './stats.ts'

const LIBRARY = 'turns'

/** Texts to search for, of a question with a history. The given rewrite is there only where the set has one. */
const ways: Readonly<Record<string, (test: Case) => string | undefined>> = {
  'last turn alone': ({ question }) => question,
  'all questions': ({ question, history }) => [...history.map((turn) => turn.question), question].join(' '),
  'our rewrite': ({ question, history }) => rewrite({ text: question, history }),
  'given rewrite': (test) => test.rewrite,
}

type Found = { readonly hit: number; readonly ndcg: number }
type Asked = Row & { readonly by: Readonly<Record<string, Found>> }

/**
 * Answerable questions with a history and a listed place: hit@5 and nDCG@10 of the passages, without the help of a
 * citation. Gap closed: with the given rewrite as the goal, over the questions that have one. Over-rewriting: of the
 * questions that stand alone, how many are changed by a history. They are those with a given rewrite that is the
 * question itself, and every question without a history, each put behind that of one that has one.
 */
export const turns: OwnCommand = async (paths, _options, learn, signal) => {
  const cases = await readCases(paths.set, paths.library)
  const later = cases.filter(({ answerable, history, places }) => answerable && history.length > 0 && places.length > 0)
  const deps = await learn(LIBRARY, [paths.library])
  const asked: Asked[] = []
  for (const test of later) asked.push(await ask(test, deps, signal))
  const given = asked.filter(({ by }) => 'given rewrite' in by)
  return [
    `${later.length} of ${cases.length} questions lean on a history, ${given.length} of them with a given rewrite`,
    ...grid([['', 'questions', 'hit@5', 'nDCG@10'], ...Object.keys(ways).map((way) => lineOf(way, asked))]),
    `gap closed, of ${given.length}: hit@5 ${gapOf(given, 'hit')}, nDCG@10 ${gapOf(given, 'ndcg')}`,
    `stand-alone questions changed: ${overRewriting(cases)}`,
  ]
}

async function ask(test: Case, deps: AnswerDeps, signal: AbortSignal): Promise<Asked> {
  const by: Record<string, Found> = {}
  for (const [way, textOf] of Object.entries(ways)) {
    const text = textOf(test)
    if (text === undefined) continue
    const { passages } = await search(text, LIBRARY, deps, signal)
    const { gains, judged } = judgeRanking(
      test,
      passages.map((passage) => placesIn(test, passage.text)),
    )
    by[way] = { hit: hitIn(5, gains), ndcg: ndcgAt(10, gains, judged) }
  }
  return { id: test.id, cluster: test.history[0]?.question ?? test.id, by }
}

function lineOf(way: string, asked: readonly Asked[]): string[] {
  const own = asked.filter(({ by }) => way in by)
  const value = (key: keyof Found) => meanOf<Asked>(({ by }) => by[way]?.[key] ?? Number.NaN)(own)
  return own.length === 0 ? [way, '0', '–', '–'] : [way, String(own.length), value('hit'), value('ndcg')]
}

function gapOf(given: readonly Asked[], key: keyof Found): string {
  const meanBy = (way: string) => mean(given.map(({ by }) => by[way]?.[key] ?? Number.NaN))
  const closed = gapClosed(meanBy('last turn alone'), meanBy('our rewrite'), meanBy('given rewrite'))
  return closed === null ? '–' : closed.toFixed(2)
}

/** A history that is another question's must change nothing in one that needs none. */
export function overRewriting(cases: readonly Case[]): string {
  const histories = cases.map(({ history }) => history).filter(({ length }) => length > 0)
  const own = cases.filter(({ history, question, rewrite }) => history.length > 0 && rewrite === question)
  const lent = cases
    .filter(({ history }) => history.length === 0 && histories.length > 0)
    .map((test, index) => ({ ...test, history: histories[index % histories.length] ?? [] }))
  const standing = [...own, ...lent]
  const changed = standing.filter(({ question, history }) => rewrite({ text: question, history }) !== question)
  return rate(changed.length, standing.length)
}
