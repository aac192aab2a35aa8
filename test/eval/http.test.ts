// The same questions of the pipeline and of the whole server over HTTP: a surface that loses anything shows here.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Learn, Options } from '../../eval/command.ts'
import type { Run } from '../../eval/record.ts'
import { runSet } from '../../eval/set.ts'
import type { Generator } from '../../core/ports.ts'
import { ingest } from '../../ingest/ingest.ts'
import { fakeGenerator } from '../../models/fake.ts'
import { answerDeps } from '../../server/answer/answer.ts'
import { openTestApp, openTestLibrary } from '../support/app.ts'
import { folderOfFile } from '../support/folder.ts'
import { never } from '../support/passages.ts'
import { start } from '../support/process.ts'

const places = { stripe: [{ file: 'stripe.md', lines: [7, 7] }], notion: [{ file: 'notion.md', lines: [3, 3] }] }
const questions = [
  { id: 'q1', question: 'How does Stripe rate limit requests?', sources: places.stripe, facts: [['token bucket']] },
  { id: 'q2', question: 'Into how many shards did Notion split Postgres?', sources: places.notion, facts: [['480']] },
  {
    id: 'q3',
    question: 'And what is the partition key?',
    sources: places.notion,
    facts: [['workspace']],
    history: [{ question: 'How did Notion shard Postgres?', answer: 'Into 480 logical shards.' }],
  },
  { id: 'q4', question: 'What happens with a burst 🚦 above the cap?', sources: [], facts: [['allowed']] },
  { id: 'q6', question: 'Who won the chess olympiad in Dubai?', sources: places.stripe, facts: [['four']] },
  { id: 'q5', question: 'Who won the chess olympiad in Bucharest?', answerable: false, sources: [] },
]

let library: Awaited<ReturnType<typeof openTestLibrary>>
let paths: { readonly set: string; readonly library: string }
beforeAll(async () => {
  library = await openTestLibrary()
  paths = { set: join(await folderOfFile(), 'set.jsonl'), library: library.folder }
  const whole = questions.map((question) => ({ kind: 'test', answerable: true, facts: [], ...question }))
  await writeFile(paths.set, whole.map((question) => JSON.stringify(question)).join('\n'))
})

const closing: (() => void)[] = []
afterAll(() => {
  for (const close of closing) close()
})

/** The real app on a port of its own. */
async function serveApp(generator: Generator | null): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<AddressInfo>()
  const server = serve({ fetch: openTestApp(library, { generator }).fetch, hostname: '127.0.0.1', port: 0 }, resolve)
  closing.push(() => server.close())
  return `http://127.0.0.1:${(await promise).port}`
}

async function run(options: Options, generator: Generator | null = null): Promise<Run> {
  const { embedder } = library
  const learn: Learn = async (name, folders) => {
    const store = await library.openNext(name)
    const events = ingest(folders, { documents: store.documents, embedder, library: name }, never)
    for await (const event of events) if (event.type === 'failed') throw new Error(event.message)
    return answerDeps(store, { embedder, sentenceEmbedder: embedder, generator }, () => {})
  }
  const cache = join(await folderOfFile(), 'cache')
  return await runSet(paths, { fresh: true, cache, ...options }, learn, never)
}

/** Without what HTTP does not carry: how sure the pipeline was, and more than five passages of a refusal. */
function told({ questions }: Run) {
  return questions.map(({ outcome, held, ...asked }) => {
    const isRefused = outcome?.status === 'abstained'
    const passages = outcome?.passages.slice(0, isRefused ? 5 : outcome.passages.length)
    const scores = { ...asked.scores, ...(isRefused ? { mrr_10: null, ndcg_10: null, map: null } : {}) }
    const known = { ...outcome, passages, confidence: null, isCut: null }
    return { ...asked, scores, held: held.citations, outcome: known }
  })
}

const talkative = fakeGenerator((messages) => {
  const [first = ''] = /(?<=<passage n="1"[^>]*>\s*)\S[^\n]+?[.!?](?=\s)/.exec(messages[1]?.content ?? '') ?? []
  return [first.slice(0, -1), ' [1]. It is ab', 'out requests [2', ']. 🚦 <b>Nobody</b> knows [9].']
})

describe('a run over HTTP', () => {
  it.each([
    ['without a model', null],
    ['with one', talkative],
  ])('%s has the answers, citations and scores of the pipeline', async (_, generator) => {
    const [pipeline, surface] = [await run({}, generator), await run({ url: await serveApp(generator) }, generator)]
    expect(told(surface)).toEqual(told(pipeline))
    expect([surface.environment.product, surface.environment.commit, surface.library.hash]).toEqual([null, null, null])
    expect(surface.questions.map(({ outcome }) => outcome?.status)).toContain('abstained')
    expect(surface.questions.flatMap(({ outcome }) => outcome?.citations ?? []).length).toBeGreaterThan(3)
    expect(surface.questions.flatMap(({ scores }) => scores['quote_valid'] ?? [])).toEqual([1, 1, 1, 1])
    expect(surface.questions.every(({ outcome }) => outcome?.confidence === null)).toBe(true)
    const refused = surface.questions.find(({ id }) => id === 'q6')?.scores
    expect(refused).toMatchObject({ hit_5: 1, false_refusal: 1, mrr_10: null, ndcg_10: null, map: null })
    expect(pipeline.questions.find(({ id }) => id === 'q6')?.scores['ndcg_10']).toBeTypeOf('number')
    expect(Object.keys(surface.timingsMs)).toEqual(['q1', 'q2', 'q3', 'q4', 'q6', 'q5'])
  })

  it('calls each document as its file is called, wherever the server has it from', async () => {
    const url = await serveApp(null)
    const { questions } = await run({ url })
    // The file of a listed place was found by its name alone.
    expect(questions[0]?.outcome?.evidence).toMatchObject([{ text: 'stripe.md' }])
  })

  it('sends the key, and keeps each failure as its question’s, in the words of the server', async () => {
    const seen: unknown[] = []
    const url = await serveScript((path, headers) => {
      seen.push(headers['authorization'])
      if (path.startsWith('/v1/documents')) return [200, { documents: [], next: null }]
      return [503, { title: 'The database does not answer.' }]
    })
    const { questions } = await run({ url, key: 'secret' })
    expect(new Set(seen)).toEqual(new Set(['Bearer secret']))
    expect(questions.map(({ fault }) => fault)).toEqual(
      questions.map(() => '/v1/ask answers 503 (The database does not answer.).'),
    )
    expect(questions.map(({ scores }) => scores)).toEqual(questions.map(() => ({})))
  })

  it('says that it can wait, and waits as long as it is told when there is too much to do', async () => {
    const seen: unknown[] = []
    const url = await serveScript((path, headers) => {
      seen.push(headers['priority'])
      if (path.startsWith('/v1/documents')) return [200, { documents: [], next: null }]
      if (seen.length === 2) return [503, { title: 'Too much.', code: 'overloaded' }]
      return [500, { title: 'Asked again.' }]
    })
    const began = performance.now()
    const { questions } = await run({ url })
    expect(new Set(seen)).toEqual(new Set(['u=7']))
    expect(new Set(questions.map(({ fault }) => fault))).toEqual(new Set(['/v1/ask answers 500 (Asked again.).']))
    expect(seen).toHaveLength(1 + questions.length + 1)
    expect(performance.now() - began).toBeGreaterThan(990)
  })

  it('ends with exit code 1 when a question has no answer, and says of how many', async () => {
    const url = await serveScript((path) =>
      path.startsWith('/v1/documents') ? [200, { documents: [], next: null }] : [503, { title: 'Down.' }],
    )
    const to = join(await folderOfFile(), 'run.json')
    const args = ['--set', paths.set, '--library', paths.library, '--url', url, '--run', to]
    const running = start('eval/main.ts', args, {})
    expect(await running.ended).toBe(1)
    expect(running.stderr()).toContain('6 of 6 questions have no answer.')
    expect(running.stderr()).toMatch(/has not learned .* \d of \d documents|of \d documents \d are missing/)
    expect(running.stdout()).toContain('q1: /v1/ask answers 503 (Down.).')
  })

  it('takes something else than an answer for a failure, and names what is wrong with it', async () => {
    const url = await serveScript((path) => [200, path === '/v1/ask' ? { answer: 1 } : { documents: [], next: null }])
    expect((await run({ url })).questions[0]?.fault).toMatch(/^\/v1\/ask answers something else \(query: /)
  })

  it('of a server that is not there ends at once', async () => {
    const gone = await serveScript(() => [200, {}])
    closing.pop()?.()
    await expect(run({ url: gone })).rejects.toThrow(`${gone} does not answer`)
  })
})

type Script = (path: string, headers: Readonly<Record<string, unknown>>) => readonly [status: number, body: object]

async function serveScript(script: Script): Promise<string> {
  const server = createServer((request, response) => {
    const [status, body] = script(request.url ?? '', request.headers)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
