// Documents under way: loaded one after the other, begun by hands that may have several of them at once.
import type { IngestOutcome } from '../core/types.ts'
import { type Begun, type Hands, ownHands } from './hands.ts'
import type { IngestDeps } from './ingest.ts'
import { arrive, type DocumentTask, type Known, type Learnable } from './look.ts'
import { orReport } from './work.ts'

/** While the next one is loaded, what is ready is ended. What fails otherwise than by its own fault ends it all. */
export async function* learn(
  sources: Iterable<Learnable> | AsyncIterable<Learnable>,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestOutcome> {
  const flight = openFlight(deps.hands ?? ownHands(deps, deps.tokenPrice !== undefined))
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  try {
    for await (const source of sources) {
      signal.throwIfAborted()
      const loading = orReport(async () => await arrive(source, known, deps, either))
      for (;;) {
        const landed = await flight.readyBefore(loading)
        if (!landed) break
        signal.throwIfAborted()
        yield await flight.end(landed)
      }
      const loaded = await loading
      flight.begin(loaded ?? { type: 'unchanged', source: source.source, bytes: 0 }, either)
      while (flight.isFull()) {
        signal.throwIfAborted()
        yield await flight.end(await flight.ready())
      }
    }
    while (!flight.isEmpty()) {
      const landed = await flight.ready()
      signal.throwIfAborted()
      yield await flight.end(landed)
    }
  } finally {
    leaving.abort(new DOMException('no longer wanted', 'AbortError'))
  }
}

type Flying = Begun & { readonly bytes: number }

function openFlight(hands: Hands) {
  const flying = new Set<Flying>()
  const ready = async (): Promise<Flying> => {
    const all = [...flying].slice(0, hands.inOrder ? 1 : flying.size)
    return await Promise.race(all.map(async (each) => await each.ready.then(() => each)))
  }
  return {
    isEmpty: () => flying.size === 0,
    isFull: () => flying.size > hands.atOnce || sumOf(flying) > hands.mostBytes,
    begin(loaded: DocumentTask | IngestOutcome, signal: AbortSignal): void {
      if (!('type' in loaded)) flying.add({ ...hands.begin(loaded, signal), bytes: loaded.bytes.length })
      else flying.add({ ready: Promise.resolve(), end: async () => await Promise.resolve(loaded), bytes: 0 })
    },
    ready,
    /** Null: the other one came first. */
    readyBefore: async (other: Promise<unknown>): Promise<Flying | null> => {
      const over = other.then(
        () => null,
        () => null,
      )
      return await Promise.race([over, ...(flying.size > 0 ? [ready()] : [])])
    },
    end: async (landed: Flying): Promise<IngestOutcome> => {
      flying.delete(landed)
      return await landed.end()
    },
  }
}

function sumOf(flying: ReadonlySet<Flying>): number {
  let sum = 0
  for (const { bytes } of flying) sum += bytes
  return sum
}
