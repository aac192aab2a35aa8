// Documents under way: loaded one after the other, begun by hands that may have several of them at once.
import type { IngestOutcome } from '../core/types.ts'
import { type Hands, ownHands } from './hands.ts'
import type { IngestDeps } from './ingest.ts'
import { arrive, type DocumentTask, type Known, type Learnable } from './look.ts'
import { orReport } from './work.ts'

/** What fails otherwise than by its own fault ends it all. However this is left, nothing is written afterwards. */
export async function* learn(
  sources: Iterable<Learnable> | AsyncIterable<Learnable>,
  known: Known,
  deps: IngestDeps,
  signal: AbortSignal,
): AsyncGenerator<IngestOutcome> {
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  const flight = openFlight(deps.hands ?? ownHands(deps), either)
  try {
    for await (const source of sources) {
      // What is under way may be saved already: it is told before this ends.
      if (signal.aborted) break
      const loading = orReport(async () => await arrive(source, known, deps, either))
      // What ends while the next one is loaded is told meanwhile.
      yield* flight.tellThoseBefore(loading)
      flight.begin((await loading) ?? { type: 'unchanged', source: source.source, bytes: 0 })
      while (flight.isFull()) yield await flight.next()
    }
    while (!flight.isEmpty()) yield await flight.next()
    signal.throwIfAborted()
  } catch (error) {
    leaving.abort(error)
    // Some of what was under way may have been saved all the same, and counts.
    yield* await flight.saved()
    throw error
  } finally {
    leaving.abort(new DOMException('no longer wanted', 'AbortError'))
    await flight.settled()
  }
}

type Flying = { readonly outcome: Promise<IngestOutcome>; readonly bytes: number }

function openFlight(hands: Hands, signal: AbortSignal) {
  const flying = new Set<Flying>()
  /** The first one that has ended, or failed. */
  const landed = async (): Promise<Flying> => {
    const all = [...flying].slice(0, hands.inOrder ? 1 : flying.size)
    const over = async (each: Flying) =>
      await each.outcome.then(
        () => each,
        () => each,
      )
    return await Promise.race(all.map(over))
  }
  const tell = async (one: Flying): Promise<IngestOutcome> => {
    flying.delete(one)
    return await one.outcome
  }
  return {
    isEmpty: () => flying.size === 0,
    isFull: () => flying.size > hands.atOnce || sumOf(flying) > hands.mostBytes,
    begin(loaded: DocumentTask | IngestOutcome): void {
      const isOver = 'type' in loaded
      const outcome = isOver ? Promise.resolve(loaded) : hands.learn(loaded, signal)
      // Told when it is its turn, and not at all when none comes.
      outcome.catch(() => null)
      flying.add({ outcome, bytes: isOver ? 0 : loaded.bytes.length })
    },
    next: async (): Promise<IngestOutcome> => await tell(await landed()),
    async *tellThoseBefore(other: Promise<unknown>): AsyncGenerator<IngestOutcome> {
      const over = other.then(
        () => null,
        () => null,
      )
      while (flying.size > 0) {
        const first = await Promise.race([over, landed()])
        if (!first) return
        yield await tell(first)
      }
    },
    saved: async (): Promise<IngestOutcome[]> => {
      const ends = await Promise.allSettled([...flying].map(async ({ outcome }) => await outcome))
      flying.clear()
      return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
    },
    settled: async () => await Promise.allSettled([...flying].map(async ({ outcome }) => await outcome)),
  }
}

function sumOf(flying: ReadonlySet<Flying>): number {
  let sum = 0
  for (const { bytes } of flying) sum += bytes
  return sum
}
