// A running server as what is judged: the same questions over HTTP, read back as any client would.
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { AppError, InputError } from '../core/errors.ts'
import type { Surface } from './asking.ts'
import { type Documents, openShelf } from './outcome.ts'
import type { Case } from './questions.ts'
import type { Transcript } from './run.ts'

const span = z.object({ start: z.int(), end: z.int() })
const document = z
  .object({
    id: z.string(),
    title: z.string(),
    source: z.string(),
    url: z.string().nullable(),
    revision: z.string(),
    published_at: z.string().nullable(),
  })
  .transform(({ published_at, ...rest }) => ({ ...rest, publishedAt: published_at }))
const cited = { n: z.int(), document, headings: z.array(z.string()), page: z.int().nullable(), span }
const passage = z.object({ ...cited, text: z.string(), score: z.number() })

const answered = z.object({
  query: z.string(),
  status: z.enum(['answered', 'abstained', 'stopped']),
  reason: z
    .enum(['empty-library', 'nothing-relevant', 'partly-covered', 'model-declined', 'nothing-supported'])
    .nullable(),
  mode: z.enum(['extractive', 'generative']),
  missing: z.array(z.string()),
  answer: z.string(),
  statements: z.array(
    span.extend({
      verdict: z.enum(['verbatim', 'supported', 'partial', 'unsupported', 'unchecked']),
      citations: z.array(z.int()),
    }),
  ),
  citations: z.array(z.object({ ...cited, passage: z.int(), quote: z.string(), link: z.string() })),
  passages: z.array(passage),
  nearest: z.array(passage),
  usage: z.object({ input_tokens: z.number(), output_tokens: z.number(), cost_usd: z.number() }).transform((used) => ({
    inputTokens: used.input_tokens,
    outputTokens: used.output_tokens,
    costUsd: used.cost_usd,
  })),
  timings_ms: z
    .object({ retrieve: z.number(), first_text: z.number(), total: z.number() })
    .transform(({ first_text, ...times }) => ({ ...times, firstText: first_text })),
})

const stored = z.object({ id: z.string(), revision: z.string(), source: z.string(), text: z.string() })
const page = z.object({ documents: z.array(z.object({ id: z.string() })), next: z.string().nullable() })
const problem = z.object({ title: z.string(), code: z.string().optional() })

// docs/limits.md: who judges can wait, and is told how long.
const tellsToWait = ['rate-limited', 'too-many-at-once', 'overloaded']
const MOST_WAITS = 60

type Server = { readonly url: string; readonly key: string | undefined; readonly isFresh: boolean }

/** Throws InputError when there is no such server, AppError when it fails. */
export async function openServer(server: Server, folder: string, signal: AbortSignal): Promise<Surface> {
  return {
    ask: async (test, signal) => await ask(test, server, signal),
    shelf: await openShelf(folder, documentsOf(server), signal),
  }
}

async function ask(test: Case, server: Server, signal: AbortSignal): Promise<Transcript> {
  const body = { question: test.question, history: test.history, ...(server.isFresh ? { fresh: true } : {}) }
  const reply = await fetchShaped(answered, '/v1/ask', server, signal, body)
  const { passages, nearest, timings_ms: timingsMs, ...answer } = reply
  return {
    test,
    answer: { ...answer, timingsMs },
    // A refusal carries the five nearest at most.
    ...(answer.status === 'abstained' ? { passages: nearest, isCut: true } : { passages }),
    // How sure it was is told to nobody outside.
    confidence: null,
  }
}

function documentsOf(server: Server): Documents {
  const read = async (path: string, signal: AbortSignal) =>
    await fetchShaped(stored, `/v1/documents/${path}`, server, signal)
  return {
    all: async (signal) => {
      const all: z.infer<typeof stored>[] = []
      for (let after: string | null = ''; after !== null;) {
        const query: string = after === '' ? '' : `&after=${after}`
        const { documents, next } = await fetchShaped(page, `/v1/documents?limit=200${query}`, server, signal)
        for (const { id } of documents) all.push(await read(id, signal))
        after = next
      }
      return all
    },
    // A revision that the server does not have is a citation that does not hold, and no outage.
    find: async (id, revision, signal) =>
      await read(`${id}?revision=${revision}`, signal).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'http-404') return null
        throw error
      }),
  }
}

async function fetchShaped<T>(
  shape: z.ZodType<T>,
  path: string,
  { url, key }: Pick<Server, 'url' | 'key'>,
  signal: AbortSignal,
  body?: object,
  waits = 0,
): Promise<T> {
  const headers = {
    priority: 'u=7',
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  }
  const request = body ? { method: 'POST', body: JSON.stringify(body) } : {}
  const reply = await fetch(new URL(path, url), { ...request, headers, signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new InputError('unreachable', `${url} does not answer (${error instanceof Error ? error.message : ''}).`)
  })
  const read: unknown = await reply.json().catch(() => null)
  signal.throwIfAborted()
  if (!reply.ok) {
    const { title = '', code = '' } = problem.safeParse(read).data ?? {}
    if (tellsToWait.includes(code) && waits < MOST_WAITS) {
      await wait(Number(reply.headers.get('retry-after') ?? 1) * 1_000, undefined, { signal })
      return await fetchShaped(shape, path, { url, key }, signal, body, waits + 1)
    }
    throw new AppError(`http-${reply.status}`, `${path} answers ${reply.status}${title && ` (${title})`}.`)
  }
  const parsed = shape.safeParse(read)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AppError('bad-reply', `${path} answers something else (${issue?.path.join('.')}: ${issue?.message}).`)
}
