import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../../core/errors.ts'
import type { Syncing } from '../../../core/syncs.ts'
import type { IngestEvent } from '../../../core/types.ts'
import { openSyncs } from '../../../ingest/syncs.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp, TOKEN } from '../../support/app.ts'
import { emptyStore } from '../../support/fake-store.ts'

const found: IngestEvent = { type: 'found', files: 2, gone: 0, skipped: [] }
const headers = { authorization: `Bearer ${TOKEN}` }

/** An app whose syncs are these events. */
function appWith(events: (paths: readonly string[], signal: AbortSignal) => AsyncIterable<IngestEvent>) {
  const store = emptyStore()
  const library = { store, embedder: fakeEmbedder(), folder: '' }
  const syncing = openSyncs({ ...store, embedder: library.embedder, library: 'main', silentMs: 0 })
  const run: Syncing['run'] = ({ paths }, signal) => events(paths, signal)
  return openTestApp(library, { syncing: { ...syncing, run } })
}

describe('learning through the server', () => {
  it('tells every event as a line of JSON, as it happens', async () => {
    const asked: (readonly string[])[] = []
    const app = appWith(async function* (paths) {
      asked.push(paths)
      yield found
      yield { type: 'unchanged', source: 'a.md', bytes: 3 }
    })
    const response = await app.post('/v1/ingest', { paths: ['/a', '/b'] }, { headers })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await response.text()).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      found,
      { type: 'unchanged', source: 'a.md', bytes: 3 },
    ])
    expect(asked).toEqual([['/a', '/b']])
  })

  it('takes as many paths as a command line can hold', async () => {
    let count = 0
    const app = appWith(async function* (paths) {
      count = paths.length
      yield found
    })
    const paths = Array.from({ length: 30_000 }, (_, n) => `/home/somebody/articles/number-${n}.md`)
    await (await app.post('/v1/ingest', { paths }, { headers })).text()
    expect(count).toBe(30_000)
  })

  it('says in its last line what ended it early: our faults by their sentence, bugs by none', async () => {
    const ends: [unknown, object][] = [
      [new StoreError('store-busy', 'The database gave up.'), { code: 'store-busy', message: 'The database gave up.' }],
      [new TypeError('secret of undefined'), { code: 'internal', message: expect.not.stringContaining('secret') }],
    ]
    for (const [error, line] of ends) {
      const app = appWith(async function* () {
        yield found
        throw error
      })
      const text = await (await app.post('/v1/ingest', { paths: ['/a'] }, { headers })).text()
      expect(JSON.parse(text.trimEnd().split('\n').at(-1)!)).toEqual({ type: 'error', ...line })
    }
  })

  it('stops when the command line leaves', async () => {
    let ended = false
    const app = appWith(async function* (_paths, signal) {
      try {
        for (;;) {
          yield found
          await wait(5)
          signal.throwIfAborted()
        }
      } finally {
        ended = true
      }
    })
    const reader = (await app.post('/v1/ingest', { paths: ['/a'] }, { headers })).body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(ended).toBe(true)
    expect(app.lines.join('')).not.toContain('ingest failed')
  })
})
