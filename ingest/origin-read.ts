// One reading of a source of sources.yaml: what it names, as things to learn; what it says beside that; and what is gone.
import type { KnownDocument } from '../core/ports.ts'
import type { IngestEvent, IngestOutcome } from '../core/types.ts'
import { type Gone, judge, originRoot, type Removals } from './changes.ts'
import type { Known, Learnable } from './look.ts'
import type { Origin } from './source/source.ts'

export type OriginRead = {
  /** What it names, while it is listed. */
  entries(signal: AbortSignal): AsyncGenerator<Learnable>
  /** What was skipped or failed since this was last asked. */
  beside(): IngestEvent[]
  /** Whether this outcome says that a document is not there any more: then it is judged with the others. */
  isGone(outcome: IngestOutcome, known: Known): boolean
  /** At the end: which of its documents are gone. */
  judge(known: Known, removals: Removals): Gone
  readonly named: ReadonlySet<string>
  /** At the end: all that there is was named. */
  isWhole(): boolean
  /** What it wants to remember; undefined: nothing new. */
  memory(): unknown
}

export function openOriginRead(origin: Origin, remembered: unknown): OriginRead {
  const root = originRoot(origin.name)
  const state: State = { named: new Set(), gone: new Set(), unseen: [], told: [], isWhole: false, memory: undefined }
  const isOwn = (each: KnownDocument | undefined) => each?.root === root
  return {
    named: state.named,
    memory: () => state.memory,
    isWhole: () => state.isWhole,
    entries: (signal) => list(origin, remembered, state, signal),
    beside: () => state.told.splice(0),
    isGone(outcome, known) {
      // A feed never removes: it forgets, and what it still names may come back.
      const isOver = outcome.type === 'failed' && outcome.code === 'gone' && origin.kind !== 'feed'
      if (!isOver || !isOwn(known.get(outcome.source))) return false
      state.gone.add(outcome.source)
      state.named.delete(outcome.source)
      return true
    },
    judge(known, removals) {
      const own = [...known.values()].filter(isOwn)
      const over = own.filter(({ source }) => state.gone.has(source) || isUnnamed(source, state))
      // What was read before the guard speaks is learned already: there is nothing left to stop.
      return judge(origin.name, over, own.length, removals === 'stop' ? 'keep' : removals)
    },
  }
}

type State = {
  readonly named: Set<string>
  /** that answered so when they were loaded */
  readonly gone: Set<string>
  /** what lies behind these may be there */
  readonly unseen: string[]
  readonly told: IngestEvent[]
  isWhole: boolean
  memory: unknown
}

async function* list(
  origin: Origin,
  remembered: unknown,
  state: State,
  signal: AbortSignal,
): AsyncGenerator<Learnable> {
  const { name, kind, audience } = origin
  const memory = { get: () => remembered ?? undefined, set: (value: unknown) => (state.memory = value) }
  for await (const event of origin.list(memory, signal)) {
    if (event.type === 'entry') {
      state.named.add(event.entry.source)
      yield { ...event.entry, root: originRoot(name), audience }
    } else if (event.type === 'end') state.isWhole = event.complete
    else if (event.type === 'fault') state.told.push(failedEvent(event.error))
    else {
      // A link that leads nowhere at the moment may be a disk that is not there.
      if (kind === 'folder' && event.link !== 'out') state.unseen.push(event.source)
      state.told.push(skippedEvent(event))
    }
  }
}

function isUnnamed(source: string, { isWhole, named, unseen }: State): boolean {
  return isWhole && !named.has(source) && !unseen.some((each) => source === each || source.startsWith(`${each}/`))
}

function skippedEvent({ source, reason }: { readonly source: string; readonly reason: string }): IngestEvent {
  return { type: 'found', files: 0, gone: 0, skipped: [{ source, reason }] }
}

function failedEvent({ source, code, message }: IngestFault): IngestEvent {
  return { type: 'failed', source, code, message }
}

type IngestFault = { readonly source: string; readonly code: string; readonly message: string }
