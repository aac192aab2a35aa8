// What must be true after a run of chaos, whatever happened in it.
import { isDeepStrictEqual } from 'node:util'
import { setTimeout as wait } from 'node:timers/promises'
import { faultsOf } from '../../cli/compare.ts'
import { readEvents, terminal, type WireAnswer, type WireEvent } from '../support/wire.ts'
import { isOver, type Ledger, textOf } from './play.ts'
import { CANARY, headers, type World } from './world.ts'

export async function faultsAfter(world: World, ledger: Ledger): Promise<string[]> {
  const read = async <Shape>(path: string): Promise<Shape | null> => {
    const response = await fetch(world.url() + path, { headers })
    if (response.status === 404) {
      await response.text()
      return null
    }
    if (!response.ok) throw new Error(`${path} gave ${response.status}: ${await response.text()}`)
    return (await response.json()) as Shape
  }
  return [...ledger.faults, ...(await documentFaults(ledger, read)), ...(await answerFaults(ledger, world.url(), read))]
}

type Read = <Shape>(path: string) => Promise<Shape | null>

/** Every acknowledged write is there, and nothing else. */
async function documentFaults({ documents, ids }: Ledger, read: Read): Promise<string[]> {
  const faults: string[] = []
  for (const [name, allowed] of documents) {
    const listed = await read<{ documents: { id: string; source: string }[] }>(`/v1/documents?limit=10&q=${name}`)
    const found = listed?.documents.filter(({ source }) => source.endsWith(`${name}.md`)) ?? []
    if (found.length > 1) faults.push(`${name} is there ${found.length} times`)
    const id = found[0]?.id ?? null
    const text = id === null ? null : ((await read<{ text: string }>(`/v1/documents/${id}`))?.text ?? null)
    const isAllowed = allowed.some((version) =>
      version === null ? id === null : text?.includes(textOf(name, version)),
    )
    if (!isAllowed) faults.push(`${name} may be ${JSON.stringify(allowed)}, and is ${JSON.stringify(text)}`)
    if (id !== null && ids.has(name) && ids.get(name) !== id) faults.push(`${name} has become another document`)
  }
  return faults
}

// An answer whose reader left is stopped, and stores that, within some milliseconds.
const SETTLED_MS = 5_000

/** Every answer comes to one end; what a reader saw is its beginning; every quote stands where it says. */
async function answerFaults({ answers, objects }: Ledger, url: string, read: Read): Promise<string[]> {
  const faults: string[] = []
  const texts = new Map<string, Promise<string | null>>()
  const textAt = async ({ id, revision }: { readonly id: string; readonly revision: string }) => {
    const path = `/v1/documents/${id}?revision=${revision}`
    const known = texts.get(path) ?? read<{ text: string }>(path).then((found) => found?.text ?? null)
    texts.set(path, known)
    return await known
  }
  for (const [id, seen] of answers) {
    const log = await logOf(id, url)
    const ends = log.filter(({ type }) => terminal.includes(type))
    if (ends.length !== 1 || !isOver(log)) faults.push(`${id} has ${ends.length} ends: ${namesOf(log)}`)
    if (!isBeginning(seen, log)) faults.push(`${id} was seen as ${namesOf(seen)}, and is ${namesOf(log)}`)
    if (CANARY.test(JSON.stringify(log))) faults.push(`${id} gives away a secret`)
    const { answer } = log.at(-1)?.body ?? {}
    if (answer) for (const fault of await faultsOf(answer, textAt)) faults.push(`${id}, ${fault}`)
  }
  for (const [id, answer] of objects) {
    const stored = await read<WireAnswer>(`/v1/answers/${id}`)
    if (!isDeepStrictEqual(stored, { ...answer, feedback: null }))
      faults.push(`${id} is stored otherwise than it was given`)
    for (const fault of await faultsOf(answer, textAt)) faults.push(`${id}, ${fault}`)
  }
  return faults
}

async function logOf(id: string, url: string): Promise<WireEvent[]> {
  const reading = new AbortController()
  const late = wait(SETTLED_MS, null, { signal: reading.signal }).catch(() => null)
  const events = fetch(`${url}/v1/answers/${id}/events`, { headers, signal: AbortSignal.timeout(SETTLED_MS) })
    .then(readEvents)
    .catch(() => null)
  const log = await Promise.race([events, late])
  reading.abort()
  return log ?? []
}

/** An end that was told as the store could not be reached may stand in the log as another, after more events. */
function isBeginning(seen: readonly WireEvent[], log: readonly WireEvent[]): boolean {
  const last = seen.at(-1)
  const isLost = last?.type === 'error' && last.body.code.startsWith('store-')
  const kept = isLost ? seen.slice(0, -1) : seen
  return isDeepStrictEqual(log.slice(0, kept.length), kept)
}

const namesOf = (events: readonly WireEvent[]) => events.map(({ id, type }) => `${id} ${type}`).join(', ') || 'nothing'

/** Figures of the index that must agree; asked once, because it reads all of it. */
export async function indexFaults(world: World): Promise<string[]> {
  const index = await world.index()
  const figures = Object.entries(index as Readonly<Record<string, number | { readonly count: number }>>)
  const counts = new Map(figures.map(([name, figure]) => [name, typeof figure === 'number' ? figure : figure.count]))
  const [chunks, recorded] = [counts.get('chunks'), counts.get('recordedChunks')]
  const faults = chunks === recorded ? [] : [`there are ${chunks} chunks, and ${recorded} are recorded`]
  // Behind the walls of another library everything agrees.
  if (!chunks) faults.push('no chunk of the index is seen')
  for (const [name, count] of counts)
    if (count > 0 && !/^(?:chunks|recordedChunks)$/.test(name)) faults.push(`${name} is ${count}`)
  return faults
}

/** What stands in the log that may not: secrets, and what ends a process. */
export function logFaults(world: World): string[] {
  const lines = world.log().split('\n')
  const bad = lines.filter((line) => CANARY.test(line) || /"level":60|Unhandled|ERR_UNHANDLED/.test(line))
  return bad.map((line) => `the log says: ${line.slice(0, 500)}`)
}
