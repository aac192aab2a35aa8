// npm run eval -- beir <folder>: what the built-in search finds in a set of the BEIR benchmark, or in any of that form.
import { basename } from 'node:path'
import type { Candidate } from '../../core/types.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { fuse, type Scored } from '../../server/answer/fuse.ts'
import { type Found, retrieve } from '../../server/answer/retrieve.ts'
import { type Command, type Learn, say } from '../command.ts'
import { grid, meanOf, type Row } from '../figures.ts'
import { averagePrecision, byScore, ndcgAt, recallAt } from '../score/ranking.ts'
import { type BeirSet, type Query, readBeir } from './beir-set.ts'
import { learnDocuments } from './passage.ts'

// As many chunks of each kind as the store compares exactly by vector; an answer looks at the best 60 of each.
const DEPTH = 200

const LIBRARY = 'beir'
// What a parser makes of a document without a title is the name of its file, which is none of its words.
const UNTITLED = 'Untitled document'

type Ranking = (found: Found, steps: AnswerDeps['steps']) => readonly Scored[]

const ways: Readonly<Record<string, Ranking>> = {
  'BM25 alone': ({ candidates }) => best(candidates, ({ words }) => words || null),
  'vectors alone': ({ candidates }) => best(candidates, ({ cosine }) => cosine),
  fused: ({ candidates }) => fuse(candidates),
  're-ranked': (found, steps) => steps.rerank(found, fuse(found.candidates)),
}

type Measured = { readonly ndcg: number; readonly map: number; readonly recall: number }
type Asked = Row & { readonly by: readonly Measured[] }

/**
 * Source: Thakur et al., "BEIR" (2021). The corpus is learned as a library and every question searched in it by the
 * product's own steps, with its synonyms and its spelling: one search of the store gives the best 200 chunks by words
 * and the best 200 by vector, from which each way makes its ranking. A document stands where its best chunk does.
 * nDCG@10, average precision (down to the last document found) and recall@100 as trec_eval has them; a document with
 * the id of the question is left out, as in BEIR. Questions that share their first relevant document err together.
 */
export const beir: Command = async (path, { only }, learn, signal) => {
  const set = await readBeir(path, only)
  const deps = await learnCorpus(set, learn)
  const began = performance.now()
  const asked: Asked[] = []
  for (const [index, query] of set.queries.entries()) {
    if (index % 100 === 0) say(`${index} of ${set.queries.length} questions`)
    asked.push(await ask(query, set, deps, signal))
  }
  say(`${((performance.now() - began) / Math.max(1, asked.length)).toFixed(1)} ms a question`)
  const { name, split, documents, queries, unjudged, empty } = set
  return [
    `${name} (${split}): ${documents.length} documents, ${queries.length} questions`,
    ...(empty > 0 ? [`${empty} documents without a word are left out`] : []),
    ...(unjudged > 0 ? [`${unjudged} questions for which nothing is relevant are left out`] : []),
    ...tableOf(asked),
  ]
}

async function learnCorpus({ documents }: BeirSet, learn: Learn): Promise<AnswerDeps> {
  say(`Learning ${documents.length} documents …`)
  // A document that is only a title is found by it all the same.
  const learned = documents.map(({ title, text }) => ({ title: title || UNTITLED, text: text || title }))
  return await learnDocuments(LIBRARY, learned, learn, {
    prepare: (parsed) => (parsed.title === UNTITLED ? { ...parsed, title: '' } : parsed),
  })
}

async function ask(query: Query, set: BeirSet, deps: AnswerDeps, signal: AbortSignal): Promise<Asked> {
  const found = await retrieve(query.text, LIBRARY, { ...deps, search: deeper(deps.search) }, signal)
  const judged = [...query.judgements.values()]
  const relevant = judged.filter((gain) => gain > 0).length
  const by = Object.values(ways).map((rank) => {
    const gains = rankDocuments(rank(found, deps.steps), set)
      .filter((id) => id !== query.id)
      .map((id) => query.judgements.get(id) ?? 0)
    return {
      ndcg: ndcgAt(10, gains, judged),
      map: averagePrecision(gains, relevant),
      recall: recallAt(100, gains, relevant),
    }
  })
  return { id: query.id, cluster: query.cluster, by }
}

function deeper(search: AnswerDeps['search']): AnswerDeps['search'] {
  return {
    ...search,
    candidates: async (request, signal) => await search.candidates({ ...request, limit: DEPTH }, signal),
  }
}

/** The best by one figure alone. null: it has none. */
function best(candidates: readonly Candidate[], score: (candidate: Candidate) => number | null): Scored[] {
  return candidates
    .flatMap((candidate) => {
      const own = score(candidate)
      return own === null ? [] : [{ candidate, score: own }]
    })
    .sort((a, b) => b.score - a.score || a.candidate.chunkId - b.candidate.chunkId)
    .slice(0, DEPTH)
}

/** Ids of documents, each with the score of its best chunk. */
export function rankDocuments(chunks: readonly Scored[], { documents }: Pick<BeirSet, 'documents'>): string[] {
  const scores = new Map<string, number>()
  for (const { candidate, score } of chunks) {
    const id = documents[Number(basename(candidate.document.source, '.html'))]?.id
    if (id !== undefined) scores.set(id, Math.max(score, scores.get(id) ?? -Infinity))
  }
  return byScore(Array.from(scores, ([id, score]) => ({ id, score })))
}

const columns = [
  ['nDCG@10', 'ndcg'],
  ['MAP', 'map'],
  ['recall@100', 'recall'],
] as const

function tableOf(asked: readonly Asked[]): string[] {
  const value = (row: Asked, way: number, key: keyof Measured) => row.by[way]?.[key] ?? Number.NaN
  const names = Object.keys(ways)
  const rows = names.map((name, way) => [
    name,
    ...columns.map(([, key]) => meanOf<Asked>((row) => value(row, way, key))(asked)),
  ])
  // Question by question, so that what is hard for all ways alike does not count.
  const against = names
    .slice(1)
    .map((name, at) => [
      `${name} − ${names[0]}`,
      ...columns.map(([, key]) => meanOf<Asked>((row) => value(row, at + 1, key) - value(row, 0, key))(asked)),
    ])
  return grid([['', ...columns.map(([name]) => name)], ...rows, ...against])
}
