// What the library could not answer, from the stored answers to the route and the command line.
import { beforeAll, describe, expect, it } from 'vitest'
import { gapsText } from '../../../cli/gaps.ts'
import { openTestApp, openTestLibrary, type TestApp, TOKEN } from '../../support/app.ts'
import type { WireAnswer } from '../../support/wire.ts'

type Gaps = Parameters<typeof gapsText>[0]

let app: TestApp
let query: Awaited<ReturnType<typeof openTestLibrary>>['query']
const headers = { authorization: `Bearer ${TOKEN}` }
const ask = async (question: string) => (await (await app.post('/v1/ask', { question })).json()) as WireAnswer
const gaps = async (since = '30d') => (await (await app.get(`/v1/gaps?since=${since}`, { headers })).json()) as Gaps

beforeAll(async () => {
  const library = await openTestLibrary()
  query = library.query
  app = openTestApp(library)
  for (const question of ['How does Stripe price a refund to Berlin?', 'How does Stripe price refunds?'])
    expect((await ask(question)).status).toBe('abstained')
  const { id } = await ask('How did Notion shard Postgres?')
  await app.post(`/v1/answers/${id}/feedback`, { rating: 'down' })
  const liked = await ask('How does Stripe rate limit requests?')
  await app.post(`/v1/answers/${liked.id}/feedback`, { rating: 'up' })
})

describe('GET /v1/gaps', () => {
  it('tells what was refused or judged badly, with the document that came nearest, and nothing else', async () => {
    const found = await gaps()
    expect(found.questions).toBe(3)
    expect(found.gaps.map(({ count, refused, disliked }) => [count, refused, disliked])).toEqual([
      [2, 2, 0],
      [1, 0, 1],
    ])
    expect(found.gaps[0]?.nearest?.title).toBe('How Stripe Limits Requests')
    expect(found.gaps[1]?.nearest?.title).toBe('How Notion Sharded Postgres')
  })

  it('looks back no further than it is told', async () => {
    await query(`update answers set created_at = now() - interval '3 days' where feedback ->> 'rating' = 'down'`)
    expect((await gaps('1h')).questions).toBe(2)
    expect((await gaps('2d')).questions).toBe(2)
    expect((await gaps('1w')).questions).toBe(3)
  })

  it('is found by the index of what was refused, however many answers there are', async () => {
    await query('set enable_seqscan = off')
    const plan = await query<Record<string, string>>(
      `explain select 1 from answers a where library_id = 'main' and created_at > now() - interval '1 day'
       and (a.answer ->> 'status' = 'abstained' or a.feedback ->> 'rating' = 'down') order by created_at desc limit 10`,
    )
    await query('set enable_seqscan = on')
    expect(JSON.stringify(plan)).toContain('answers_unanswered')
  })

  it('names no document that is gone', async () => {
    await query(`update documents set removed_at = now() where source like '%notion.md'`)
    expect((await gaps()).gaps.find(({ disliked }) => disliked > 0)?.nearest).toBeNull()
    await query(`update documents set removed_at = null`)
  })

  it('is for whoever runs the server: with the token, or where only this machine can reach it', async () => {
    expect((await app.get('/v1/gaps')).status).toBe(403)
    expect((await app.get('/v1/gaps', { headers })).status).toBe(200)
    expect((await app.get('/v1/gaps?since=ever', { headers })).status).toBe(422)
  })

  it('is read on the command line as questions, how they ended and what came nearest', async () => {
    const text = gapsText(await gaps('1h'))
    expect(text).toMatch(/2 × How does Stripe price/)
    expect(text).toMatch(/also: How does Stripe price/)
    expect(text).toMatch(/2 refused; last asked \d{4}-\d\d-\d\d/)
    expect(text).toMatch(/nearest: How Stripe Limits Requests/)
    expect(gapsText({ since: '1h', questions: 0, gaps: [] })).toBe('Nothing was refused or judged badly in 1h.\n')
  })
})
