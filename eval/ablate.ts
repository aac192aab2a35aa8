// npm run eval -- ablate --set … --library …: what each step brings, by taking one away and leaving all others as they are.
import type { Embedder } from '../core/ports.ts'
import type { ParsedDocument, Passage } from '../core/types.ts'
import type { AnswerDeps } from '../server/answer/answer.ts'
import { WORDS, wordsIn } from '../server/answer/extract.ts'
import { candidateFeatures } from '../server/answer/features.ts'
import { piecesOfAll } from '../server/answer/pieces.ts'
import { rerank } from '../server/answer/rerank.ts'
import type { Found } from '../server/answer/retrieve.ts'
import type { Piece } from '../server/answer/sentences.ts'
import type { Steps } from '../server/answer/steps.ts'
import { parseSynonyms } from '../server/answer/synonyms.ts'
import type { WordReader } from '../server/answer/vocabulary.ts'
import { candidateWeights } from '../server/answer/weights.ts'
import { type Learn, type OwnCommand, say } from './command.ts'
import { grid, percent } from './figures.ts'
import { askedOf } from './asked.ts'
import type { Surface } from './asking.ts'
import { outcomeOf } from './outcome.ts'
import { openPipeline } from './pipeline.ts'
import { type Case, readCases } from './questions.ts'
import type { Asked } from './record.ts'
import { mean, quantile } from './stats.ts'

/** What is different when a step is away: what is learned, what answers, what is asked. */
type Ablation = {
  readonly name: string
  readonly prepare?: (parsed: ParsedDocument) => ParsedDocument
  readonly without?: (deps: AnswerDeps) => AnswerDeps
  readonly ask?: (test: Case) => Case
}

const ablations: readonly Ablation[] = [
  { name: 'all on' },
  { name: 'boilerplate left in', prepare: (parsed) => ({ ...parsed, boilerplate: [] }) },
  { name: 'no title, no headings above a chunk', prepare: untitled },
  { name: 'no vectors in the search', without: (deps) => ({ ...deps, embedder: blind(deps.embedder) }) },
  { name: 'no words in the search (BM25)', without: wordless },
  { name: 'no synonyms', without: withSteps({ synonyms: async () => await Promise.resolve(parseSynonyms('')) }) },
  { name: 'no spelling', without: (deps) => ({ ...deps, words: allKnown(deps.words) }) },
  { name: 'no re-ranking: the fused order', without: withCandidateWeights((name) => name.startsWith('fused')) },
  { name: 'no names in the re-ranking', without: withCandidateWeights((name) => !name.startsWith('names')) },
  {
    name: 'no likeness of sentences',
    without: (deps) => ({ ...deps, sentenceEmbedder: blind(deps.sentenceEmbedder) }),
  },
  { name: 'first sentences instead of the best', without: withSteps({ choose: firstSentences }) },
  {
    name: 'no evidence decision',
    without: withSteps({ weigh: () => ({ type: 'enough', confidence: 1, parts: [], missing: [] }) }),
  },
  { name: 'no rewriting of follow-ups', ask: (test) => ({ ...test, history: [] }) },
]

/** The sections stay as they are cut: only the words above a chunk are gone, from the index and from its vector. */
function untitled(parsed: ParsedDocument): ParsedDocument {
  return { ...parsed, title: '', outline: parsed.outline.map((heading) => ({ ...heading, title: '' })) }
}

/** A vector without a direction: search goes on by words alone, sentences are all equally unlike the question. */
function blind(embedder: Embedder): Embedder {
  return {
    ...embedder,
    embed: async (texts) => await Promise.resolve(texts.map(() => new Float32Array(embedder.dimensions))),
  }
}

function wordless(deps: AnswerDeps): AnswerDeps {
  const { search } = deps
  const candidates: typeof search.candidates = async (request, signal) =>
    await search.candidates({ ...request, terms: new Map() }, signal)
  return { ...deps, search: { ...search, candidates } }
}

/** Only what the library does not know is corrected. */
function allKnown(words: WordReader): WordReader {
  return async (...asked) => {
    const { chunks, vocabulary } = await words(...asked)
    return { chunks, vocabulary: Object.assign(new Map(vocabulary), { has: () => true }) }
  }
}

function withSteps(steps: Partial<Steps>): (deps: AnswerDeps) => AnswerDeps {
  return (deps) => ({ ...deps, steps: { ...deps.steps, ...steps } })
}

/** The shipped weights of the features that are kept, none for the others. */
function withCandidateWeights(isKept: (feature: string) => boolean): (deps: AnswerDeps) => AnswerDeps {
  const weights = candidateWeights.map((weight, at) => (isKept(candidateFeatures[at] ?? '') ? weight : 0))
  return withSteps({ rerank: (found, scored) => rerank(found, scored, weights) })
}

/** As many words as an answer has at most, from the top of the best passage on. */
async function firstSentences(_found: Found, passages: readonly Passage[]): Promise<Piece[]> {
  const pieces = piecesOfAll(passages)
    .flat()
    .filter(({ terms }) => terms.size > 0)
  let left = WORDS
  const end = pieces.findIndex((piece) => (left -= wordsIn(piece)) < 0)
  // One at least, whatever its length.
  return await Promise.resolve(end === -1 ? pieces : pieces.slice(0, Math.max(1, end)))
}

export const ablate: OwnCommand = async (paths, _options, learn, signal) => {
  const cases = await readCases(paths.set, paths.library)
  const runs = await prepareAll(paths.library, learn, signal)
  // Every question goes through all of them before the next is asked, each time another one first: what the machine
  // does meanwhile, and what is in memory already, falls on all alike.
  for (const [index, test] of cases.entries()) {
    if (index % 25 === 0) say(`${index} of ${cases.length} questions`)
    for (const at of runs.keys()) {
      const run = runs[(index + at) % runs.length]
      if (!run) continue
      const asked = run.ablation.ask?.(test) ?? test
      run.scored.set(test.id, await score(asked, run.surface, signal))
    }
  }
  return [
    `${cases.length} questions, each answered ${runs.length} times; +n −m: questions gained and lost against all on, for facts points`,
    ...grid([heads, ...runs.map((run) => lineOf(run, runs[0]?.scored ?? new Map()))]),
  ]
}

type Scored = Pick<Asked, 'id' | 'answerable' | 'scores'> & { readonly totalMs: number }

type Run = {
  readonly ablation: Ablation
  readonly surface: Surface
  readonly scored: Map<string, Scored>
}

async function score(test: Case, { ask, shelf }: Surface, signal: AbortSignal): Promise<Scored> {
  const transcript = await ask(test, signal)
  const outcome = await outcomeOf(transcript, shelf, signal)
  return { ...askedOf(test, { outcome, fault: null }), totalMs: transcript.answer.timingsMs.total }
}

async function prepareAll(folder: string, learn: Learn, signal: AbortSignal): Promise<Run[]> {
  const shipped = await learn('ablate', [folder])
  const runs: Run[] = []
  for (const [at, ablation] of ablations.entries()) {
    const { prepare, without } = ablation
    const library = prepare ? `ablate-${at}` : 'ablate'
    const deps = prepare ? await learn(library, [folder], { prepare }) : shipped
    const surface = await openPipeline(library, folder, without?.(deps) ?? deps, signal)
    runs.push({ ablation, surface, scored: new Map() })
  }
  return runs
}

const heads = ['', 'source in 5', 'source cited', 'facts', 'unanswerable refused', 'wrongly refused', 'p50 ms']

function lineOf({ ablation, scored }: Run, base: Results): string[] {
  const times = [...scored.values()].map(({ totalMs }) => totalMs)
  return [
    ablation.name,
    share(scored, base, true, 'hit_5'),
    share(scored, base, true, 'right_source'),
    factsIn(scored, base),
    share(scored, base, false, 'refused'),
    share(scored, base, true, 'refused'),
    quantile(times, 0.5).toFixed(0),
  ]
}

type Results = ReadonlyMap<string, Scored>

function share(all: Results, base: Results, answerable: boolean, metric: string): string {
  const counted = select(all, answerable, metric)
  const passed = new Set(select(base, answerable, metric).flatMap(({ id, value }) => (value === 1 ? [id] : [])))
  const rate = percent(mean(counted.map(({ value }) => value)))
  if (all === base) return rate
  const gained = counted.filter(({ id, value }) => value === 1 && !passed.has(id)).length
  const lost = counted.filter(({ id, value }) => value !== 1 && passed.has(id)).length
  return `${rate} +${gained} −${lost}`
}

/** In points: a question can lose one of its facts. */
function factsIn(all: Results, base: Results): string {
  const [own, before] = [all, base].map((each) => mean(select(each, true, 'fact_coverage').map(({ value }) => value)))
  const moved = ((own ?? 0) - (before ?? 0)) * 100
  const figure = percent(own ?? 0)
  return all === base || Number.isNaN(moved)
    ? figure
    : `${figure} ${moved < 0 ? '−' : '+'}${Math.abs(moved).toFixed(1)}`
}

/** Where it was measured. */
function select(all: Results, answerable: boolean, metric: string) {
  return [...all.values()].flatMap((each) => {
    const value = each.scores[metric] ?? null
    return each.answerable === answerable && value !== null ? [{ id: each.id, value }] : []
  })
}
