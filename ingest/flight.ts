// Documents under way: loaded one after the other, begun by hands that may have several of them at once.
import type { IngestOutcome } from '../core/types.ts'
import { type Begun, type Hands, ownHands } from './hands.ts'
import type { IngestDeps } from './ingest.ts'
import { arrive, type DocumentTask, type Known, type Learnable } from './look.ts'
import { orReport } from './work.ts'

/** What fails otherwise than by its own fault ends it all. */
export async function* learn(
  sources: Iterable<Learnable> | AsyncIterable<Learnable>,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestOutcome> {
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  const flight = openFlight(deps.hands ?? ownHands(deps, deps.tokenPrice !== undefined), either)
  try {
    for await (const source of sources) {
      signal.throwIfAborted()
      const loading = orReport(async () => await arrive(source, known, deps, either))
      // What becomes ready while the next one is loaded is ended meanwhile.
      yield* flight.endThoseBefore(loading)
      flight.begin((await loading) ?? { type: 'unchanged', source: source.source, bytes: 0 })
      while (flight.isFull()) yield await flight.endNext()
    }
    while (!flight.isEmpty()) yield await flight.endNext()
  } finally {
    leaving.abort(new DOMException('no longer wanted', 'AbortError'))
  }
}

type Flying = Begun & { readonly bytes: number }

function openFlight(hands: Hands, signal: AbortSignal) {
  const flying = new Set<Flying>()
  const ready = async (): Promise<Flying> => {
    const all = [...flying].slice(0, hands.inOrder ? 1 : flying.size)
    return await Promise.race(all.map(async (each) => await each.ready.then(() => each)))
  }
  const end = async (landed: Flying): Promise<IngestOutcome> => {
    signal.throwIfAborted()
    flying.delete(landed)
    return await landed.end()
  }
  return {
    isEmpty: () => flying.size === 0,
    isFull: () => flying.size > hands.atOnce || sumOf(flying) > hands.mostBytes,
    begin(loaded: DocumentTask | IngestOutcome): void {
      if (!('type' in loaded)) flying.add({ ...hands.begin(loaded, signal), bytes: loaded.bytes.length })
      else flying.add({ ready: Promise.resolve(), end: async () => await Promise.resolve(loaded), bytes: 0 })
    },
    endNext: async (): Promise<IngestOutcome> => await end(await ready()),
    async *endThoseBefore(other: Promise<unknown>): AsyncGenerator<IngestOutcome> {
      const over = other.then(
        () => null,
        () => null,
      )
      while (flying.size > 0) {
        const landed = await Promise.race([over, ready()])
        if (!landed) return
        yield await end(landed)
      }
    },
  }
}

function sumOf(flying: ReadonlySet<Flying>): number {
  let sum = 0
  for (const { bytes } of flying) sum += bytes
  return sum
}
