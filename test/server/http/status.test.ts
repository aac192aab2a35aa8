// The status of the store is for the command line of the same user.
import { describe, expect, it } from 'vitest'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp, TOKEN } from '../../support/app.ts'
import { brokenStore, emptyStatus, emptyStore, wholeIndex } from '../../support/fake-store.ts'
import { fromWire, toWire } from '../../../server/http/wire.ts'

const library = { embedder: fakeEmbedder(), folder: '' }
const app = openTestApp({ ...library, store: emptyStore() })
const headers = { authorization: `Bearer ${TOKEN}` }

describe('GET /v1/status', () => {
  it.each([
    ['/v1/status', emptyStatus],
    ['/v1/status/index', wholeIndex],
  ])('tells %s in the words of the API', async (path, report) => {
    const response = await app.get(path, { headers })
    const body: unknown = await response.json()
    expect([response.status, body]).toEqual([200, toWire(report)])
    expect(fromWire(body)).toEqual(report)
  })

  it.each(['/v1/status', '/v1/status/index'])('keeps %s from whoever has not the token', async (path) => {
    for (const authorization of [undefined, 'Bearer let-me-out', TOKEN]) {
      const response = await app.get(path, authorization === undefined ? {} : { headers: { authorization } })
      expect([response.status, await response.json()]).toMatchObject([403, { code: 'not-allowed' }])
    }
  })

  it('says that the database does not answer, and nothing of what it said', async () => {
    const response = await openTestApp({ ...library, store: brokenStore() }).get('/v1/status', { headers })
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('10.1.2.3')
  })
})
