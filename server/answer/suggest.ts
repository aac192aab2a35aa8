// Questions that this library answers, for a reader who does not know what it holds. Made by rule from titles and
// headings, and each tried on the pipeline before it is shown: what would be refused, or answered from elsewhere, is not.
import { AppError } from '../../core/errors.ts'
import type { AnswerStore, DocumentText } from '../../core/ports.ts'
import { queryTerms } from '../../core/terms.ts'
import type { Answer, Passage, Question, Turn } from '../../core/types.ts'
import { answer, type AnswerDeps, newAnswerId, REMEMBERED_TURNS } from './answer.ts'
import { type Candidate, candidatesOf } from './headed.ts'

export type Suggestion = Pick<Candidate, 'question' | 'document'>

export type SuggestDeps = AnswerDeps & { readonly answers: AnswerStore; readonly library: string }

export type Suggesting = {
  /** Of documents for everyone, each of another one as long as there are others; the same ones until the library changes. */
  readonly general: (limit: number) => Promise<Suggestion[]>
  /** What to ask after this answer; null when there is none of this id. */
  readonly after: (id: string, limit: number) => Promise<Suggestion[] | null>
}

// Their ids are hashes, so the first ones are a sample of any library.
const DOCUMENTS = 100
// An attempt costs about as much as a question without a model: the time of everybody else.
const ATTEMPTS_PER_SUGGESTION = 4
const ATTEMPTS = 150
const KEPT_FOLLOW_UPS = 200

export function suggesting(deps: SuggestDeps): Suggesting {
  const read = cachedCandidates(deps)
  const ahead = new Map<string, Suggestion[]>()
  let shelf: Shelf | null = null
  const general = async (limit: number) => {
    const { changes } = await deps.search.state(deps.library)
    if (shelf?.changes !== changes) shelf = newShelf(changes, deps, read)
    return await shelf.take(limit)
  }
  const after = async (id: string, limit: number) => {
    const found = await deps.answers.find(deps.library, id)
    if (!found) return null
    const audiences = (await deps.answers.audiences(deps.library, id)) ?? undefined
    const turns = await deps.answers.turns(deps.library, found.conversationId, ALREADY_ASKED, audiences)
    const { changes } = await deps.search.state(deps.library)
    const key = `${changes} ${id} ${turns.length} ${limit}`
    const known = ahead.get(key)
    if (known) return known
    const made = await followUps({ found, audiences, turns, limit }, deps, read, general)
    if (ahead.size >= KEPT_FOLLOW_UPS) ahead.clear()
    ahead.set(key, made)
    return made
  }
  return { general, after }
}

type Reader = (id: string) => Promise<{ readonly document: DocumentText; readonly candidates: Candidate[] } | null>

// Longer than conversations are.
const ALREADY_ASKED = 100

/** The candidates of a document's current revision; a revision never changes, nor do they. */
function cachedCandidates({ documents, library }: SuggestDeps): Reader {
  const kept = new Map<string, Candidate[]>()
  return async (id) => {
    const document = await documents.find(library, id)
    if (!document) return null
    const candidates = kept.get(document.revision) ?? candidatesOf(document)
    if (kept.size >= 2 * DOCUMENTS) kept.clear()
    kept.set(document.revision, candidates)
    return { document, candidates }
  }
}

type Shelf = { readonly changes: number; readonly take: (limit: number) => Promise<Suggestion[]> }

/** Made as they are asked for, one attempt after the other, and kept. */
function newShelf(changes: number, deps: SuggestDeps, read: Reader): Shelf {
  const kept: Suggestion[] = []
  const candidates = generalCandidates(deps, read)
  let attempts = 0
  let making: Promise<void> = Promise.resolve()
  const fill = async (limit: number) => {
    const most = Math.min(ATTEMPTS, attempts + ATTEMPTS_PER_SUGGESTION * limit)
    while (kept.length < limit && attempts < most) {
      const next = await candidates.next()
      if (next.done) break
      attempts++
      if (await isAnswered(next.value, { history: [] }, deps)) kept.push(shown(next.value))
    }
  }
  return {
    changes,
    take: async (limit) => {
      const filled = making.then(async () => await fill(limit))
      // A database that is down fails this request and not the next one.
      making = filled.catch(() => {})
      await filled
      return kept.slice(0, limit)
    },
  }
}

/** The best of each document, then the second of each, and so on. */
async function* generalCandidates({ documents, library }: SuggestDeps, read: Reader): AsyncGenerator<Candidate> {
  const listed = await documents.list(library, DOCUMENTS)
  const open = listed.filter(({ audience, chunks }) => audience.length === 0 && chunks > 0)
  const asked = new Set<string>()
  for (let round = 0, left = open; left.length > 0; round++) {
    const more: typeof open = []
    for (const document of left) {
      const candidate = (await read(document.id))?.candidates[round]
      if (candidate) more.push(document)
      if (!candidate || asked.has(plain(candidate.question))) continue
      asked.add(plain(candidate.question))
      yield candidate
    }
    left = more
  }
}

type Asked = {
  readonly found: Answer
  readonly audiences: readonly string[] | undefined
  readonly turns: readonly Turn[]
  readonly limit: number
}

async function followUps(
  { found, audiences, turns, limit }: Asked,
  deps: SuggestDeps,
  read: Reader,
  general: Suggesting['general'],
): Promise<Suggestion[]> {
  const asked = new Set([found, ...turns].map(({ question }) => plain(question)))
  const near = await candidatesNear(found, audiences, read)
  // A refusal that knows nothing near leads elsewhere; an answer leads on, or nowhere.
  const other = found.status === 'abstained' ? await general(limit + asked.size) : []
  const further = other.map((each): Candidate => ({ ...each, heading: null, article: null }))
  const history = turns.slice(-REMEMBERED_TURNS)
  const chosen: Suggestion[] = []
  let attempts = 0
  for (const candidate of [...near, ...further]) {
    if (chosen.length === limit || attempts === ATTEMPTS_PER_SUGGESTION * limit) break
    if (asked.has(plain(candidate.question))) continue
    asked.add(plain(candidate.question))
    attempts++
    const given = await isAnswered(candidate, { history, ...(audiences && { audiences }) }, deps)
    if (given && !isSaid(given, found)) chosen.push(shown(candidate))
  }
  return chosen
}

/**
 * First what stands beside the words that an answer cites, in their document or, where that holds many, their article.
 * Then what else was found with a word of the question in it: what was found last has little to do with it.
 */
async function candidatesNear(
  { query, citations, passages, nearest }: Answer,
  audiences: readonly string[] | undefined,
  read: Reader,
): Promise<Candidate[]> {
  const places: readonly Pick<Passage, 'document' | 'headings'>[] = [...citations, ...passages, ...nearest]
  const readings = await Promise.all([...new Set(places.map(({ document }) => document.id))].map(read))
  const all = readings.flatMap((each) => (each && mayRead(each.document, audiences) ? each.candidates : []))
  const cited = new Set(citations.map(({ document }) => document.id))
  const citedHeadings = new Set(citations.flatMap(({ headings }) => headings))
  const isOwn = ({ document, heading, article }: Candidate) =>
    cited.has(document.id) && heading !== null && (article === null || citedHeadings.has(article))
  const asked = new Set(subjectsOf(query))
  const shared = ({ question }: Candidate) => subjectsOf(question).filter((term) => asked.has(term)).length
  const own = all.filter((each) => isOwn(each) && !citedHeadings.has(each.heading ?? ''))
  const others = all.filter((each) => !isOwn(each) && shared(each) > 0)
  return [...own, ...others.toSorted((a, b) => shared(b) - shared(a))]
}

/** "How does … approach …" and "How do you build …" are alike in their frame alone. */
function subjectsOf(question: string): string[] {
  return queryTerms(question.replace(/\b(?:approach|build)\b/g, ''))
}

function mayRead({ audience }: DocumentText, audiences: readonly string[] | undefined): boolean {
  return audience.length === 0 || audiences === undefined || audience.some((name) => audiences.includes(name))
}

/** The answer that its reader would get without a model, when it comes from where the question was drawn; else null. */
async function isAnswered(
  { question: text, document, heading }: Candidate,
  { history, audiences }: Pick<Question, 'history' | 'audiences'>,
  deps: SuggestDeps,
): Promise<Answer | null> {
  const asked = { id: newAnswerId(), conversationId: '', library: deps.library, mode: 'extractive' } as const
  const question = { ...asked, text, history, ...(audiences && { audiences }) }
  for await (const event of answer(question, deps, new AbortController().signal)) {
    // Not tried is not refused: what is kept would lack it for as long as the library stays the same.
    if (event.type === 'error')
      throw new AppError(event.code, 'A suggestion could not be tried.', { retryable: event.retryable })
    if (event.type !== 'done') continue
    const { citations, missing } = event.answer
    const isFrom = (citation: (typeof citations)[number]) => citation.document.id === document.id
    const own = citations.filter((each) => isFrom(each) && (heading === null || each.headings.includes(heading)))
    const isWhole = missing.length === 0 && citations[0] !== undefined && isFrom(citations[0])
    return isWhole && own.length > 0 ? event.answer : null
  }
  return null
}

/** Most of it stands in the answer that the reader has just read. */
function isSaid({ citations }: Answer, read: Answer): boolean {
  const told = new Set(read.citations.map(({ document, quote }) => `${document.id} ${quote}`))
  return citations.filter(({ document, quote }) => told.has(`${document.id} ${quote}`)).length * 2 > citations.length
}

function shown({ question, document }: Candidate): Suggestion {
  return { question, document }
}

function plain(question: string): string {
  return question
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}
