// For load balancers and people: is the process alive, can it answer, does a stream get through, what is in its store?
import { Hono } from 'hono'
import type { Store } from '../../core/ports.ts'
import { pingRoutes } from './ping.ts'
import { statusRoutes } from './status.ts'

export type HealthDeps = {
  readonly store: Pick<Store, 'ping' | 'reports' | 'search'>
  readonly library: string
  readonly embedder: { readonly space: string }
  readonly generator: { readonly model: string } | null
  readonly token: string
  /** true once the server has begun to shut down */
  readonly isDraining: () => boolean
}

const PING_TIMEOUT_MS = 2_000

export function healthRoutes(deps: HealthDeps): Hono {
  return new Hono()
    .route('/', pingRoutes())
    .route('/', statusRoutes({ ...deps, reports: deps.store.reports }))
    .get('/health', (c) => c.json({ status: 'ok' }))
    .get('/ready', async (c) => {
      const reason = deps.isDraining() ? 'shutting down' : await storeFault(deps.store)
      const models = { generator: deps.generator?.model ?? null, embedder: await spaceOf(deps, reason) }
      if (reason === null) return c.json({ status: 'ready', library: deps.library, models })
      return c.json({ status: 'not-ready', reason, library: deps.library, models }, 503)
    })
}

/** In which the library is searched, also after a switch. */
async function spaceOf({ store, library, embedder }: HealthDeps, reason: string | null): Promise<string> {
  if (reason !== null) return embedder.space
  const state = await store.search.state(library).catch(() => null)
  return state?.space ?? embedder.space
}

async function storeFault(store: Pick<Store, 'ping'>): Promise<string | null> {
  const patience = AbortSignal.timeout(PING_TIMEOUT_MS)
  const late = new Promise<never>((_, reject) => {
    // A store that hangs does not look at the signal.
    patience.addEventListener('abort', () => reject(patience.reason), { once: true })
  })
  try {
    await Promise.race([store.ping(patience), late])
    return null
  } catch {
    return 'the database does not answer'
  }
}
