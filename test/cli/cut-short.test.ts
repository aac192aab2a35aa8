// npm run ingest that does not come to its end: its last figures are those of GET /v1/syncs/:id.
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { cancelSync, ingestTargets } from '../../cli/ingest.ts'
import type { Embedder } from '../../core/ports.ts'
import { summary } from '../../ingest/progress.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openStore } from '../../store/open.ts'
import { openTestApp, TOKEN } from '../support/app.ts'
import { openTestDatabase } from '../support/database.ts'
import { articles, folderOf } from '../support/syncing.ts'

afterEach(() => vi.restoreAllMocks())

it.each([
  ['cancelled', 'cancelled by another command'],
  ['cancelled', 'left by Ctrl-C'],
])('ends as %s and with what it has done when it is %s', async (state, how) => {
  let said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true))
  await using database = await openTestDatabase()
  const fake = fakeEmbedder()
  const reached = Promise.withResolvers<void>()
  let calls = 0
  // Half of them; the rest comes to no end before the sync does.
  const embed: Embedder['embed'] = async (texts, kind, signal) => {
    if (++calls > 20) {
      reached.resolve()
      await wait(60_000, undefined, { signal })
    }
    return await fake.embed(texts, kind, signal)
  }
  const embedder = { ...fake, embed }
  const store = await openStore(database, 'main', embedder)
  const syncing = openSyncs({
    ...store,
    embedder,
    library: 'main',
    silentMs: 0,
    tokenPrice: { usdPerMillion: 1, isProvided: true },
  })
  const app = openTestApp({ store, embedder, folder: '' }, { syncing })
  const leaving = new AbortController()
  const connection = { request: app.get, url: null, token: TOKEN, close: async () => {} }
  const options = { json: false, connection, signal: leaving.signal }
  const over = ingestTargets({ paths: [await folderOf(articles(40))] }, options, false)
  const ended = expect(over).rejects.toThrow()
  await reached.promise
  if (how === 'left by Ctrl-C') leaving.abort()
  else await cancelSync(null, { ...options, signal: new AbortController().signal })
  await ended
  const [sync] = await syncing.list(1)
  expect(sync).toMatchObject({ state })
  expect(sync!.report.learned).toBe(await store.documents.count('main'))
  expect(sync!.report.learned).toBeGreaterThan(0)
  expect(sync!.report.learned).toBeLessThan(40)
  expect(said.split('\n').at(-2)).toBe(summary(sync!.report, sync))
})
