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
  const named = new Set<string>()
  const gone = new Set<string>()
  const unseen: string[] = []
  let told: IngestEvent[] = []
  let isWhole = false
  let memory: unknown
  const isOwn = (each: KnownDocument | undefined) => each?.root === root
  return {
    named,
    memory: () => memory,
    isWhole: () => isWhole,
    async *entries(signal) {
      for await (const event of origin.list(
        { get: () => remembered ?? undefined, set: (value) => (memory = value) },
        signal,
      )) {
        if (event.type === 'entry') {
          named.add(event.entry.source)
          yield { source: event.entry.source, load: event.entry.load, root, audience: origin.audience }
        } else if (event.type === 'end') isWhole = event.complete
        else {
          // A link that leads nowhere at the moment may be a disk that is not there.
          if (event.type === 'skipped' && origin.kind === 'folder') unseen.push(event.source)
          told.push(event.type === 'skipped' ? skippedEvent(event) : failedEvent(event.error))
        }
      }
    },
    beside() {
      const events = told
      told = []
      return events
    },
    isGone(outcome, known) {
      // A feed never removes: it forgets, and what it still names may come back.
      const isOver = outcome.type === 'failed' && outcome.code === 'gone' && origin.kind !== 'feed'
      if (!isOver || !isOwn(known.get(outcome.source))) return false
      gone.add(outcome.source)
      named.delete(outcome.source)
      return true
    },
    judge(known, removals) {
      const own = [...known.values()].filter(isOwn)
      const isUnnamed = ({ source }: KnownDocument) =>
        isWhole && !named.has(source) && !unseen.some((each) => source === each || source.startsWith(`${each}/`))
      const over = own.filter((each) => gone.has(each.source) || isUnnamed(each))
      // What was read before the guard speaks is learned already: there is nothing left to stop.
      return judge(origin.name, over, own.length, removals === 'stop' ? 'keep' : removals)
    },
  }
}

function skippedEvent({ source, reason }: { readonly source: string; readonly reason: string }): IngestEvent {
  return { type: 'found', files: 0, gone: 0, skipped: [{ source, reason }] }
}

function failedEvent({ source, code, message }: IngestFault): IngestEvent {
  return { type: 'failed', source, code, message }
}

type IngestFault = { readonly source: string; readonly code: string; readonly message: string }
