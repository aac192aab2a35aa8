// A part of the search index that is gone: the other part finds, and doctor tells.
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary } from '../support/app.ts'

const QUESTION = 'How does Stripe rate limit requests?'
type Library = Awaited<ReturnType<typeof openTestLibrary>>
let library: Library

beforeAll(async () => {
  library = await openTestLibrary()
})

describe('a search without a part of its index', () => {
  it.each([
    ['signs', 'signs_1'],
    ['vectors', 'vectors_1'],
    ['words', 'postings'],
  ])('(its %s) finds by the other', async (_part, table) => {
    const { query, openNext: _, ...rest } = library
    await query(`create table kept as select * from ${table}`)
    await query(`delete from ${table}`)
    const app = openTestApp(rest)
    const response = await app.post('/v1/search', { query: QUESTION })
    const { passages } = (await response.json()) as { passages: { document: { title: string } }[] }
    const report = await rest.store.reports.index('main')
    await query(`insert into ${table} select * from kept`)
    await query('drop table kept')
    expect(response.status).toBe(200)
    expect(passages.map(({ document }) => document.title)).toContain('How Stripe Limits Requests')
    expect(report.withoutSigns.count + report.withoutVector.count + report.withoutWords.count).toBeGreaterThan(0)
  })
})
