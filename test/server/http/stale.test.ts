// The list of answers over HTTP, and which of them quote what their documents do not say any more.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary, TOKEN } from '../../support/app.ts'
import { readJson, type WireAnswer } from '../../support/wire.ts'

type Summary = { id: string; conversation_id: string; question: string; status: string; stale: number[] }
type Page = { answers: (Summary & { asked_at: string })[]; next: string | null }

let library: TestLibrary
let app: TestApp
let bread: WireAnswer
let stripe: WireAnswer

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
  bread = await ask('How long does the dough of bread rest?')
  stripe = await ask('How does Stripe rate limit requests?')
})

const ask = async (question: string) => await readJson<WireAnswer>(await app.post('/v1/ask', { question }))
const list = async (query = '') => await readJson<Page>(await app.get(`/v1/answers${query}`))

describe('the answers', () => {
  it('are listed with what was asked, by pages of any size', async () => {
    const { answers, next } = await list()
    expect([answers.length, next]).toEqual([2, null])
    expect(answers.find(({ id }) => id === bread.id)).toEqual({
      id: bread.id,
      conversation_id: bread.conversation_id,
      question: bread.question,
      status: 'answered',
      asked_at: expect.stringMatching(/^\d{4}-.*Z$/),
      stale: [],
      rating: null,
    })
    const page = await list('?limit=1')
    expect(page).toEqual({ answers: answers.slice(0, 1), next: answers[0]!.id })
    expect(await list(`?limit=1&after=${page.next}`)).toEqual({ answers: answers.slice(1), next: null })
  })

  it('are stale when a document has changed under their quotes, and cite the old revision, which stays readable', async () => {
    expect((await list('?stale=true')).answers).toEqual([])
    const path = join(library.folder, 'bread.txt')
    await writeFile(path, 'Baking bread at home\n\nA loaf of bread needs flour. The dough rests for one hour.\n')
    await (await app.post('/v1/ingest', { paths: [path] }, { headers: { authorization: `Bearer ${TOKEN}` } })).text()
    const { answers, next } = await list('?stale=true')
    expect(answers.map(({ id }) => id)).toEqual([bread.id])
    expect(next).toBeNull()
    const cited = bread.citations.filter(({ n }) => answers[0]!.stale.includes(n))
    expect(cited.map(({ quote }) => quote).join(' ')).toContain('twelve hours')
    for (const { document, span, quote } of cited) {
      const opened = await app.get(`/v1/documents/${document.id}?revision=${document.revision}`)
      const { text, current } = await readJson<{ text: string; current: boolean }>(opened)
      expect([text.slice(span.start, span.end), current]).toEqual([quote, false])
    }
    expect((await list('?stale=false')).answers.map(({ id }) => id).sort()).toEqual([bread.id, stripe.id].sort())
  })

  const bad: [query: string, field: string][] = [
    ['stale=yes', 'stale'],
    ['stale=', 'stale'],
    ['rating=bad', 'rating'],
    ['rating=', 'rating'],
    ['conversation_id=a/b', 'conversation_id'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1.5', 'limit'],
    ['after=%20', 'after'],
    [`after=${'a'.repeat(81)}`, 'after'],
    ['stael=true', 'stael'],
  ]
  it.each(bad)('are not listed for ?%s, and the problem names the field', async (query, field) => {
    const response = await app.get(`/v1/answers?${query}`)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect([response.status, await response.json()]).toMatchObject([422, { code: 'bad-field', field }])
  })
})
