// A Postgres whose disk is full, as its driver tells it.
import pg from 'pg'
import { expect, it } from 'vitest'
import { toStoreError } from '../../store/database.ts'
import { openTestApp, openTestLibrary } from '../support/app.ts'

it('a database that says 53100 is told as one that is full, and what is there is still found', async () => {
  const { store, embedder, folder } = await openTestLibrary()
  const fault = new pg.DatabaseError('could not extend file "base/16384/2619": No space left on device', 100, 'error')
  fault.code = '53100'
  const begin = async () => await Promise.reject(toStoreError(fault))
  const full = openTestApp({ store: { ...store, answers: { ...store.answers, begin } }, embedder, folder })
  const searched = await full.post('/v1/search', { query: 'How does Stripe rate limit requests?' })
  expect(searched.status).toBe(200)
  const refused = await full.post('/v1/ask', { question: 'How does Stripe rate limit requests?' })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  const text = await refused.text()
  expect(JSON.parse(text)).toMatchObject({ code: 'store-full' })
  expect(text).not.toContain('base/16384')
})
