// Answers with a thumb down → cases to fill in: all that is known of how the answer came about, and what its reader said.
import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import { REMEMBERED_TURNS } from '../../server/answer/answer.ts'
import { showQuestions } from '../progress.ts'
import { appendEntries, fileOf, readEntries } from './file.ts'

/** What an answer store says at a path of its HTTP interface. */
export type Get = (path: string, signal: AbortSignal) => Promise<unknown>

const summary = z.object({ id: z.string(), conversation_id: z.string(), asked_at: z.string() })
type Summary = z.infer<typeof summary>
const page = z.object({ answers: z.array(summary), next: z.string().nullable() })

const turn = z.object({ question: z.string(), answer: z.string() })
const place = z.object({ document: z.object({ source: z.string(), title: z.string(), revision: z.string() }) })
const rated = z.object({
  question: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  answer: z.string(),
  citations: z.array(place),
  passages: z.array(place),
  nearest: z.array(place),
  models: z.object({ generator: z.string().nullable(), embedder: z.string() }),
  feedback: z
    .object({
      rating: z.string(),
      reason: z.string().nullable(),
      comment: z.string().nullable(),
      given_at: z.string(),
    })
    .nullable(),
})
type Rated = z.infer<typeof rated>

type Paths = { readonly cases: string; readonly library: string }

/** Adds what the file does not have yet, each answer once by its id; a summary in words. */
export async function collect({ cases, library }: Paths, get: Get, signal: AbortSignal): Promise<string[]> {
  const known = new Set((await readEntries(cases)).map(({ id }) => id))
  const disliked = await listAll('rating=down', get, signal)
  const progress = showQuestions(disliked.length)
  const entries: object[] = []
  try {
    for (const each of disliked) {
      const entry = known.has(each.id) ? null : await entryOf(each, library, get, signal)
      if (entry) entries.push(entry)
      progress.step(known.has(each.id))
    }
  } finally {
    progress.stop()
  }
  if (entries.length > 0) await appendEntries(cases, entries)
  return summaryOf(entries.length, disliked.filter(({ id }) => known.has(id)).length, cases)
}

async function listAll(query: string, get: Get, signal: AbortSignal): Promise<Summary[]> {
  const found: Summary[] = []
  for (let after: string | null = ''; after !== null;) {
    const path: string = `/v1/answers?limit=200&${query}${after === '' ? '' : `&after=${after}`}`
    const { answers, next }: z.infer<typeof page> = await read(page, path, get, signal)
    found.push(...answers)
    after = next
  }
  return found.sort((a, b) => a.asked_at.localeCompare(b.asked_at))
}

async function entryOf(each: Summary, library: string, get: Get, signal: AbortSignal): Promise<object | null> {
  const answer = await read(rated, `/v1/answers/${each.id}`, get, signal)
  const { question, status, reason, models, feedback } = answer
  // Taken back, or turned, since the list was read.
  if (feedback?.rating !== 'down') return null
  return {
    id: each.id,
    kind: 'feedback',
    question,
    history: await historyOf(each, get, signal),
    answerable: null,
    sources: null,
    facts: null,
    green: null,
    feedback,
    given: { at: each.asked_at, status, reason, answer: answer.answer, ...models },
    documents: documentsOf(answer, library),
  }
}

/** The exchanges before it, as the server took them: finished ones of the same conversation, the last few. */
async function historyOf({ conversation_id: conversation, asked_at: at }: Summary, get: Get, signal: AbortSignal) {
  const earlier = (await listAll(`conversation_id=${conversation}`, get, signal)).filter((each) => each.asked_at < at)
  const turns: z.infer<typeof turn>[] = []
  for (const { id } of earlier.slice(-REMEMBERED_TURNS)) turns.push(await read(turn, `/v1/answers/${id}`, get, signal))
  return turns
}

/** What another server says need not be what we expect. Throws AppError that names the path and the field. */
async function read<T>(shape: z.ZodType<T>, path: string, get: Get, signal: AbortSignal): Promise<T> {
  const parsed = shape.safeParse(await get(path, signal))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('bad-reply', `${path} says something else (${issue?.path.join('.')}: ${issue?.message}).`)
}

/** By revision, so that one sees later whether the library has changed. Those that were cited come first. */
function documentsOf({ citations, passages, nearest }: Rated, library: string) {
  const all = [...citations.map((each) => ({ ...each, cited: true })), ...passages, ...nearest]
  const named = all.map(({ document: { source, title, revision }, ...more }) => ({
    file: fileOf(source, library),
    title,
    revision,
    cited: 'cited' in more,
  }))
  return named.filter(({ file }, index) => named.findIndex((each) => each.file === file) === index)
}

function summaryOf(added: number, known: number, cases: string): string[] {
  if (added + known === 0) return ['No answer has a thumb down.']
  const were = known === 0 ? '' : `, ${known} ${known === 1 ? 'was' : 'were'} there already`
  const next = `Fill in "answerable", "sources" and "facts" there, then: npm run eval -- from-feedback --check`
  return [
    `${added + known} ${added + known === 1 ? 'answer has' : 'answers have'} a thumb down: ${added} added to ${cases}${were}.`,
    ...(added > 0 ? [next] : []),
  ]
}
