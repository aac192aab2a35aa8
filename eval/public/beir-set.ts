// The files of a BEIR set: corpus.jsonl, queries.jsonl and qrels/<split>.tsv.
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import { listSet, readLines, readSet } from './read.ts'

const origin =
  'Sets of BEIR are listed at github.com/beir-cellar/beir, each to be had as a zip: give the folder that holds corpus.jsonl, queries.jsonl and qrels/.'

const id = z.union([z.string(), z.number()]).transform(String)
const documentShape = z.object({ _id: id, title: z.string().nullish(), text: z.string().nullish() })
const queryShape = z.object({ _id: id, text: z.string() })

export type Query = {
  readonly id: string
  readonly text: string
  /** document → how relevant it is; what is not named was not judged, and counts as not relevant */
  readonly judgements: ReadonlyMap<string, number>
  /** its first relevant document, by id */
  readonly cluster: string
}

export type BeirSet = {
  readonly name: string
  readonly split: string
  readonly documents: readonly { readonly id: string; readonly title: string; readonly text: string }[]
  readonly queries: readonly Query[]
  /** judged questions for which nothing is relevant */
  readonly unjudged: number
  /** documents with neither title nor text */
  readonly empty: number
}

/** `split`: which of the judgements; `test` where there is one. Throws InputError that names file and line. */
export async function readBeir(folder: string, split?: string): Promise<BeirSet> {
  const corpus = await readLines(join(folder, 'corpus.jsonl'), documentShape, origin)
  const documents = corpus
    .map(({ _id, title, text }) => ({ id: _id, title: title?.trim() ?? '', text: text?.trim() ?? '' }))
    .filter(({ title, text }) => /[\p{L}\p{N}]/u.test(title + text))
  const texts = await readLines(join(folder, 'queries.jsonl'), queryShape, origin)
  const chosen = await chooseSplit(join(folder, 'qrels'), split)
  const judged = await readJudgements(join(folder, 'qrels', `${chosen}.tsv`))
  const known = new Map(texts.map(({ _id, text }) => [_id, text]))
  const queries = [...judged].flatMap(([id, judgements]) => {
    const text = known.get(id)
    if (text === undefined) throw new InputError('bad-set', `qrels/${chosen}.tsv judges ${id}, which is no question.`)
    const relevant = [...judgements].filter(([, gain]) => gain > 0).map(([document]) => document)
    return relevant.length === 0 ? [] : [{ id, text, judgements, cluster: relevant.sort()[0] ?? '' }]
  })
  const [unjudged, empty] = [judged.size - queries.length, corpus.length - documents.length]
  return { name: basename(resolve(folder)), split: chosen, documents, queries, unjudged, empty }
}

async function chooseSplit(folder: string, wanted?: string): Promise<string> {
  const files = await listSet(folder, 'files', origin)
  const splits = files.filter((name) => name.endsWith('.tsv')).map((name) => basename(name, '.tsv'))
  const split = wanted ?? (splits.includes('test') ? 'test' : splits[0])
  if (split !== undefined && splits.includes(split)) return split
  const there = splits.length === 0 ? 'there is none' : `there are ${splits.join(', ')}`
  throw new InputError('bad-set', `${folder} has no judgements called ${wanted ?? 'test'}.tsv: ${there}. ${origin}`)
}

/** Lines of question, document and gain between tabs; the first may be their heads. */
async function readJudgements(path: string): Promise<Map<string, Map<string, number>>> {
  const judged = new Map<string, Map<string, number>>()
  for (const [index, line] of (await readSet(path, origin)).split(/\r?\n/).entries()) {
    const [query = '', document = '', gain = ''] = line.split('\t')
    if (line.trim() === '' || (index === 0 && gain === 'score')) continue
    if (query === '' || document === '' || !/^-?\d+$/.test(gain.trim()))
      throw new InputError('bad-set', `${basename(path)}, line ${index + 1} is not question, document and gain.`)
    const own = judged.get(query) ?? new Map<string, number>()
    judged.set(query, own.set(document, Number(gain)))
  }
  return judged
}
