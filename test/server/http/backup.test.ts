// The one route of backups: for the command line on the same machine, where the store is embedded.
import { expect, it } from 'vitest'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp, TOKEN } from '../../support/app.ts'
import { brokenStore } from '../../support/fake-store.ts'
import { readJson } from '../../support/wire.ts'

const library = { store: brokenStore(), embedder: fakeEmbedder(), folder: '' }
const headers = { authorization: `Bearer ${TOKEN}` }

it('copies an embedded store for whoever has the token of its folder, and for nobody else', async () => {
  let copies = 0
  const app = openTestApp(library, { copyStore: async () => await Promise.resolve(`copy ${++copies}`) })
  const refused = await app.post('/backup', {})
  expect([refused.status, await readJson(refused)]).toMatchObject([403, { code: 'not-allowed' }])
  expect(copies).toBe(0)
  const copied = await app.post('/backup', {}, { headers })
  expect([copied.status, await readJson(copied)]).toEqual([200, { folder: 'copy 1' }])
})

it('has nothing to copy where the store is a Postgres', async () => {
  const response = await openTestApp(library).post('/backup', {}, { headers })
  expect(response.status).toBe(404)
})
