// GET /v1/library: how much there is, whether it is as its sources are, and what may be done about it.
import { Hono } from 'hono'
import type { Store } from '../../core/ports.ts'
import type { Syncing } from '../../core/syncs.ts'
import { parseShape } from './body.ts'
import { principalOf } from './principal.ts'
import { noQuery } from './schemas.ts'
import { toWire } from './wire.ts'

const MOST_FAILURES = 100
// One has ended among so many, unless as many run at once.
const LOOKED_BACK = 20

export type LibraryStateDeps = {
  readonly store: Pick<Store, 'documents' | 'search' | 'syncs'>
  readonly syncing: Syncing
  readonly library: string
  readonly generator: { readonly model: string } | null
  readonly uploads: boolean
}

export function libraryStateRoutes({ store, syncing, library, generator, uploads }: LibraryStateDeps): Hono {
  return new Hono().get('/v1/library', async (c) => {
    parseShape(noQuery, c.req.query(), 'query')
    const [documents, { chunks }, syncs, sources, failures] = await Promise.all([
      store.documents.count(library),
      store.search.state(library),
      syncing.list(LOOKED_BACK),
      syncing.origins(),
      store.syncs.failures(library, MOST_FAILURES),
    ])
    const lastSync = syncs.find(({ state }) => state !== 'running') ?? null
    const running = syncs.find(({ state }) => state === 'running')?.id ?? null
    const model = generator?.model ?? null
    const principal = principalOf(c)
    const mayAdd = uploads && (!('scopes' in principal) || principal.scopes.includes('ingest'))
    return c.json(toWire({ library, documents, chunks, model, uploads: mayAdd, lastSync, running, sources, failures }))
  })
}
