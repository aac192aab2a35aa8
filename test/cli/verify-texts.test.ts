// npm run verify over a scripted server: which texts it asks for, and what it makes of one that there is not.
import { afterEach, expect, it, vi } from 'vitest'
import { verify } from '../../cli/verify.ts'

type Cited = { readonly id: string; readonly revision: string; readonly quote: string }

/** A server with these answers, one citation each. Its texts begin with the words that are cited. */
function serverOf(cited: readonly Cited[], textOf: (id: string) => Response) {
  const asked: string[] = []
  const request = async (path: string): Promise<Response> => {
    if (path.startsWith('/v1/answers?'))
      return Response.json({ answers: cited.map((_, n) => ({ id: `ans_${n}` })), next: null })
    const [, n] = /^\/v1\/answers\/ans_(\d+)$/.exec(path) ?? []
    const of = n && cited[Number(n)]
    if (of) return Response.json(answerOf(`ans_${n}`, of))
    asked.push(path)
    return textOf(/documents\/(\w+)/.exec(path)![1]!)
  }
  return { asked, connection: { request, url: null, token: '', close: async () => {} } }
}

function answerOf(id: string, { id: document, revision, quote }: Cited) {
  const place = { n: 1, document: { id: document, revision }, span: { start: 0, end: quote.length } }
  return {
    id,
    answer: `${quote} [1]`,
    statements: [{ start: 0, end: quote.length, citations: [1] }],
    citations: [{ ...place, passage: 1, quote }],
    passages: [{ ...place, text: quote }],
    nearest: [],
  }
}

async function run({ connection }: ReturnType<typeof serverOf>) {
  let printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  const code = await verify(null, { connection, json: false, signal: new AbortController().signal })
  return { code, printed }
}

afterEach(() => void vi.restoreAllMocks())

it.each([404, 422])('a text that the server answers with %d is one that there is not', async (status) => {
  const server = serverOf([{ id: 'doc_1', revision: 'no-revision', quote: 'Four.' }], () =>
    Response.json({ code: 'x', title: 'x' }, { status }),
  )
  const { code, printed } = await run(server)
  expect(code).toBe(1)
  expect(printed).toContain('ans_0, citation 1: there is no doc_1 in revision no-revision\n')
  // Its citation and its passage lie in the same text: asked for once.
  expect(server.asked).toHaveLength(1)
})

it('a server that fails is no difference', async () => {
  const server = serverOf([{ id: 'doc_1', revision: 'r', quote: 'Four.' }], () =>
    Response.json({ code: 'store-unavailable', title: 'The database does not answer.' }, { status: 503 }),
  )
  await expect(run(server)).rejects.toThrow('The database does not answer.')
})

it('forgets its texts when they become many, and not before', async () => {
  const quote = 'Four.'
  const ids = ['doc_1', 'doc_2', 'doc_1', 'doc_3', 'doc_1', 'doc_2']
  // Two of them are more than may be kept.
  const long = quote + 'x'.repeat(17_000_000)
  const server = serverOf(
    ids.map((id) => ({ id, revision: 'r', quote })),
    () => Response.json({ text: long }),
  )
  expect(await run(server)).toMatchObject({ code: 0 })
  expect(server.asked.map((path) => /doc_\d/.exec(path)![0])).toEqual(['doc_1', 'doc_2', 'doc_3', 'doc_1', 'doc_2'])
})
