// What an origin told, and what its entries were when they were loaded.
import type { Seen } from '../../core/origins.ts'
import type { Origin, Loaded, OriginEvent, OriginMemory } from '../../ingest/source/source.ts'

export type Listed = {
  /** sources of the entries, in order */
  readonly sources: string[]
  readonly skipped: string[]
  readonly faults: string[]
  readonly complete: boolean | null
  /** what was loaded, 'unchanged', or the code of a fault */
  readonly loaded: Map<string, Loaded | string>
}

export function memoryOf(): OriginMemory & { value: unknown } {
  const memory = {
    value: undefined as unknown,
    get: () => memory.value,
    // As a store would give it back.
    set(value: unknown) {
      memory.value = JSON.parse(JSON.stringify(value)) as unknown
    },
  }
  return memory
}

/** Lists an origin and loads each entry in its turn, by what was seen of it before. A fault of loading is its code. */
export async function listAndLoad(
  origin: Pick<Origin, 'list'>,
  memory: OriginMemory,
  seen: ReadonlyMap<string, Seen>,
  signal: AbortSignal,
): Promise<Listed> {
  const events: OriginEvent[] = []
  const loaded = new Map<string, Loaded | string>()
  for await (const event of origin.list(memory, signal)) {
    events.push(event)
    if (event.type !== 'entry') continue
    const { entry } = event
    const result = entry.load(seen.get(entry.source) ?? null, signal)
    loaded.set(entry.source, await result.catch((error: Error & { code: string }) => error.code))
  }
  const end = events.at(-1)
  return {
    sources: events.flatMap((event) => (event.type === 'entry' ? [event.entry.source] : [])),
    skipped: events.flatMap((event) => (event.type === 'skipped' ? [`${event.source}: ${event.reason}`] : [])),
    faults: events.flatMap((event) => (event.type === 'fault' ? [event.error.message] : [])),
    complete: end?.type === 'end' ? end.complete : null,
    loaded,
  }
}

export function seenOf({ loaded }: Listed, before: ReadonlyMap<string, Seen> = new Map()): Map<string, Seen> {
  const seen = new Map(before)
  for (const [source, result] of loaded) if (typeof result !== 'string') seen.set(source, result.seen)
  return seen
}

export function textOf({ loaded }: Listed, source: string): string | null {
  const result = loaded.get(source)
  return result === undefined || typeof result === 'string' ? (result ?? null) : Buffer.from(result.bytes).toString()
}

export function hintsOf({ loaded }: Listed, source: string): Loaded['hints'] | null {
  const result = loaded.get(source)
  return result === undefined || typeof result === 'string' ? null : result.hints
}
