// Answers under way: each is driven to its end by the server, not by the connection that asked; its events are
// stored before anybody sees them, and any number of readers can follow from any event on.
import type { AnswerStore, Answering } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal, type Question, type StoredEvent } from '../../core/types.ts'

export type LiveAnswers = {
  readonly start: (question: Question) => void
  /** Events after `seq`, live or from the log, until the terminal one. Null when the answer is unknown. */
  readonly follow: (library: string, id: string, after: number) => Promise<AsyncIterable<StoredEvent> | null>
  /** Stops an answer under way. False when it is not running here. */
  readonly stop: (library: string, id: string) => boolean
  /** Waits for the end of every answer under way; stops those that are left after `deadlineMs`. */
  readonly drain: (deadlineMs: number) => Promise<void>
}

type Running = {
  readonly library: string
  readonly controller: AbortController
  readonly events: StoredEvent[]
  readonly waiting: Set<() => void>
  readonly finished: Promise<void>
  ended: boolean
}

type Report = (message: string, error: unknown) => void

export function liveAnswers(store: AnswerStore, answering: Answering, report: Report): LiveAnswers {
  const running = new Map<string, Running>()
  return {
    start: (question) => {
      const controller = new AbortController()
      const { promise: finished, resolve } = Promise.withResolvers<void>()
      const live: Running = {
        library: question.library,
        controller,
        events: [],
        waiting: new Set(),
        finished,
        ended: false,
      }
      running.set(question.id, live)
      void drive(live, question, store, answering, report).finally(() => {
        running.delete(question.id)
        resolve()
      })
    },
    follow: async (library, id, after) => {
      const live = running.get(id)
      if (live?.library === library) return followLive(live, after)
      const stored = await store.events(library, id, after)
      return stored && followStored(stored, store, library, id, after)
    },
    stop: (library, id) => {
      const live = running.get(id)
      if (live?.library !== library) return false
      live.controller.abort(new DOMException('stopped by the reader', 'AbortError'))
      return true
    },
    drain: async (deadlineMs) => {
      const all = Promise.all([...running.values()].map(({ finished }) => finished))
      const timer = setTimeout(() => {
        for (const { controller } of running.values()) controller.abort(new DOMException('shutting down', 'AbortError'))
      }, deadlineMs)
      await all
      clearTimeout(timer)
    },
  }
}

/** Group commit: while one batch is being stored, further events gather, and neighbouring text joins into one event. */
async function drive(
  live: Running,
  question: Question,
  store: AnswerStore,
  answering: Answering,
  report: Report,
): Promise<void> {
  let gathered: AnswerEvent[] = []
  let seq = 0
  let storing: Promise<void> = Promise.resolve()
  const flush = async () => {
    if (gathered.length === 0) return
    const batch = gathered.map((event) => ({ seq: ++seq, event }))
    gathered = []
    await store.append(question.library, question.id, batch)
    publish(live, batch)
  }
  try {
    for await (const event of answering(question, live.controller.signal)) {
      if (event.type === 'started') await store.begin({ ...question, question: question.text, mode: event.mode })
      gather(gathered, event)
      if (gathered.length === 1) storing = storing.then(flush)
      storing.catch(() => live.controller.abort())
    }
    await storing
    await flush()
  } catch (error) {
    report('an answer could not be stored', error)
    publish(live, [{ seq: seq + 1, event: { type: 'error', code: 'store-unavailable', retryable: true } }])
  }
  live.ended = true
  wake(live)
}

function gather(gathered: AnswerEvent[], event: AnswerEvent): void {
  const last = gathered.at(-1)
  if (event.type === 'text' && last?.type === 'text')
    gathered[gathered.length - 1] = { type: 'text', delta: last.delta + event.delta }
  else gathered.push(event)
}

function publish(live: Running, batch: readonly StoredEvent[]): void {
  live.events.push(...batch)
  wake(live)
}

function wake(live: Running): void {
  for (const resume of live.waiting) resume()
  live.waiting.clear()
}

async function* followLive(live: Running, after: number): AsyncGenerator<StoredEvent> {
  let at = live.events.findIndex(({ seq }) => seq > after)
  if (at === -1) at = live.events.length
  for (;;) {
    for (; at < live.events.length; at++) {
      const event = live.events[at]
      if (event) yield event
    }
    if (live.ended) return
    await new Promise<void>((resume) => live.waiting.add(resume))
  }
}

// An answer of another process (or of one that died): its log is read again until it ends or stays silent.
const POLL_MS = 500
const SILENT_MS = 30_000

async function* followStored(
  stored: readonly StoredEvent[],
  store: AnswerStore,
  library: string,
  id: string,
  after: number,
): AsyncGenerator<StoredEvent> {
  let batch = stored
  let last = after
  let heard = performance.now()
  for (;;) {
    for (const event of batch) {
      yield event
      last = event.seq
      heard = performance.now()
      if (isTerminal(event.event)) return
    }
    if (batch.length === 0 && (await isFinishedBefore(store, library, id, last))) return
    if (performance.now() - heard > SILENT_MS) await interrupt(store, library, id, last)
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    batch = (await store.events(library, id, last)) ?? []
  }
}

/** The reader already has the terminal event: nothing more will come. */
async function isFinishedBefore(store: AnswerStore, library: string, id: string, seq: number): Promise<boolean> {
  const all = (await store.events(library, id, 0)) ?? []
  return all.some((each) => each.seq <= seq && isTerminal(each.event))
}

/** Closes the log of an answer whose process died, so that every later reader gets the same end. */
async function interrupt(store: AnswerStore, library: string, id: string, last: number): Promise<void> {
  const event: AnswerEvent = { type: 'error', code: 'interrupted', retryable: true }
  // Another reader may have closed it in the same moment: then its event is the one that counts.
  await store.append(library, id, [{ seq: last + 1, event }]).catch(() => {})
}
