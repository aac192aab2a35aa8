// Answers under way: each is driven to its end by the server, not by the connection that asked; its events are
// stored before anybody sees them, and any number of readers can follow from any event on.
import { AppError } from '../../core/errors.ts'
import type { AnswerStore, Answering } from '../../core/ports.ts'
import { type AnswerEvent, isTerminal, type Mode, type Question, type StoredEvent } from '../../core/types.ts'
import { within } from '../../core/waiting.ts'
import { openHeart } from './heart.ts'
import { failureOf, followStored, interruptDead, SILENT_MS } from './logs.ts'
import { OUTAGE_MS, outlasting } from './outlast.ts'

export type LiveAnswers = {
  /** Throws AppError `shutting-down` once `drain` was called. */
  readonly start: (question: Question) => void
  /** Events after `seq`, live or from the log, until the terminal one. Null when the answer is unknown. */
  readonly follow: (
    library: string,
    id: string,
    after: number,
    signal: AbortSignal,
  ) => Promise<AsyncIterable<StoredEvent> | null>
  /** Its events so far; null when the answer is unknown. The log of one whose process died is closed first. */
  readonly log: (library: string, id: string) => Promise<readonly StoredEvent[] | null>
  /** Stops an answer under way. False when it is not running here. */
  readonly stop: (library: string, id: string) => boolean
  /** Stops those of a conversation that run here, and waits for their end. */
  readonly stopConversation: (library: string, conversationId: string) => Promise<void>
  /** Waits for the end of every answer under way; stops those that are left after `deadlineMs`. */
  readonly drain: (deadlineMs: number) => Promise<void>
}

export type LiveDeps = {
  readonly answers: AnswerStore
  readonly answering: Answering
  readonly report: (message: string, error: unknown) => void
  /**
   * An answer that does not run in this process, and of which its own has not said for so long that it is under way, is
   * taken for dead. 0 where no other process can have it.
   */
  readonly silentMs?: number
  /** an answer that may be resumed is stopped when nobody has read it for so long */
  readonly unreadMs?: number
  /** how long events wait for a store that fails */
  readonly outageMs?: number
}

type Running = {
  readonly library: string
  /** with its library */
  readonly conversation: string
  readonly controller: AbortController
  readonly events: StoredEvent[]
  readonly waiting: Set<() => void>
  /** Counts a reader; what it gives back is called when the reader is gone. */
  readonly read: () => () => void
  readonly finished: Promise<void>
}

// A page that is loaded again, or a laptop that was closed for a moment, is back by then.
const UNREAD_MS = 60_000
// A store that just failed may take long to fail again. Readers wait no longer than this to hear of it.
const CLOSING_MS = 2_000
// A stopped answer only has to store its end. One that hangs even then must not hold the process.
const STOPPED_MS = 2_000
// Many that are stopped at once store their ends one after the other: 200 took more than 2 s on a busy machine.
const STOPPED_EACH_MS = 25
const stopped = () => new DOMException('stopped by the reader', 'AbortError')
export function liveAnswers(deps: LiveDeps): LiveAnswers {
  const { answers } = deps
  const running = new Map<string, Running>()
  const heart = openHeart(running, { ...deps, silentMs: deps.silentMs ?? SILENT_MS })
  let draining = false
  return {
    start: (question) => {
      if (draining) throw new AppError('shutting-down', 'The server is shutting down.', { retryable: true })
      const forget = () => {
        running.delete(question.id)
        if (running.size === 0) heart.rest()
      }
      running.set(question.id, run(question, deps, forget))
      heart.beat()
    },
    follow: async (library, id, after, signal) => {
      const live = running.get(id)
      if (live?.library === library) return followLive(live, after)
      const stored = await answers.events(library, id, after)
      return stored && followStored(stored, { library, id, after }, deps, signal)
    },
    log: async (library, id) => {
      const log = await answers.events(library, id, 0)
      const last = log?.at(-1)
      if (!log || running.has(id) || (last && isTerminal(last.event))) return log
      const isClosed = await interruptDead(library, id, last?.seq ?? 0, deps)
      return isClosed ? await answers.events(library, id, 0) : log
    },
    stop: (library, id) => {
      const live = running.get(id)
      if (live?.library !== library) return false
      live.controller.abort(stopped())
      return true
    },
    stopConversation: async (library, id) => {
      const its = [...running.values()].filter(({ conversation }) => conversation === `${library}/${id}`)
      for (const { controller } of its) controller.abort(stopped())
      await within(STOPPED_MS, Promise.all(its.map(({ finished }) => finished)))
    },
    drain: async (deadlineMs) => {
      draining = true
      const all = Promise.all([...running.values()].map(({ finished }) => finished))
      if (await within(deadlineMs, all)) return
      for (const { controller } of running.values()) controller.abort(new DOMException('shutting down', 'AbortError'))
      await within(STOPPED_MS + STOPPED_EACH_MS * running.size, all)
    },
  }
}

function run(question: Question, deps: LiveDeps, whenFinished: () => void): Running {
  const { promise: finished, resolve } = Promise.withResolvers<void>()
  const controller = new AbortController()
  const { library, conversationId: id } = question
  const live: Running = {
    library,
    conversation: `${library}/${id}`,
    controller,
    events: [],
    waiting: new Set(),
    read: countReaders(question, controller, deps.unreadMs ?? UNREAD_MS),
    finished,
  }
  void drive(live, question, deps).finally(() => {
    whenFinished()
    resolve()
  })
  return live
}

/** Whoever asked by a connection that was lost has so long to come back; any reader keeps the answer going. */
function countReaders({ resumable }: Question, controller: AbortController, unreadMs: number): Running['read'] {
  let readers = 0
  let timer: NodeJS.Timeout | undefined
  return () => {
    readers++
    clearTimeout(timer)
    return () => {
      readers--
      if (readers > 0 || !resumable) return
      timer = setTimeout(() => controller.abort(new DOMException('nobody reads it', 'AbortError')), unreadMs).unref()
    }
  }
}

/** Never throws; whatever fails, the last event published is terminal, and no other one is. */
async function drive(live: Running, question: Question, deps: LiveDeps): Promise<void> {
  const { answers, answering, report, outageMs = OUTAGE_MS } = deps
  const append = outlasting(answers, outageMs)
  const log = openLog(live, (batch) => append(question.library, question.id, batch))
  let begun = false
  try {
    for await (const event of answering(question, live.controller.signal)) {
      if (!begun) await answers.begin({ ...question, question: question.text, mode: modeOf(event) })
      begun = true
      log.add(event)
      if (isTerminal(event)) break
    }
    await log.settle()
    if (!hasEnded(live)) throw new AppError('internal', 'An answer ended without a terminal event.')
  } catch (error) {
    report('an answer could not be completed', error)
    await log.settle().catch(() => {})
    if (!hasEnded(live)) await close(live, question, answers, failureOf(error))
  }
}

/**
 * Ends an answer with an error, unless its log says otherwise: a batch that was stored, but whose acknowledgement was
 * lost, stands there, and so does the end that another process gave it. Readers are told what the log says; in a log
 * that cannot be reached the next of them finds the error, or an end by `interruptDead`.
 */
async function close(live: Running, { library, id }: Question, answers: AnswerStore, error: AnswerEvent) {
  const tell = (batch: readonly StoredEvent[]) => {
    if (!hasEnded(live)) publish(live, batch)
  }
  const lastSeq = () => live.events.at(-1)?.seq ?? 0
  const catchUp = async () => {
    const missed = await answers.events(library, id, lastSeq())
    tell(missed ?? [])
    return missed !== null && !hasEnded(live)
  }
  const store = async () => {
    if (!(await catchUp())) return
    const last = { seq: lastSeq() + 1, event: error }
    await answers.append(library, id, [last]).then(() => tell([last]), catchUp)
  }
  await within(
    CLOSING_MS,
    store().catch(() => {}),
  )
  tell([{ seq: lastSeq() + 1, event: error }])
}

function modeOf(event: AnswerEvent): Mode {
  return event.type === 'started' ? event.mode : 'extractive'
}

/** Group commit: while one batch is being stored, further events gather, and neighbouring text joins into one event. */
function openLog(live: Running, append: (batch: readonly StoredEvent[]) => Promise<void>) {
  let gathered: AnswerEvent[] = []
  let seq = 0
  let storing: Promise<void> = Promise.resolve()
  let isPlanned = false
  const flush = async () => {
    isPlanned = false
    const batch = gathered.map((event) => ({ seq: ++seq, event }))
    gathered = []
    await append(batch)
    publish(live, batch)
  }
  return {
    add: (event: AnswerEvent) => {
      gather(gathered, event)
      if (isPlanned) return
      isPlanned = true
      storing = storing.then(flush)
      // An answer that cannot be stored is not worth the model's time.
      storing.catch(() => live.controller.abort())
    },
    /** Resolves when everything added is stored and published. */
    settle: async () => await storing,
  }
}

function gather(gathered: AnswerEvent[], event: AnswerEvent): void {
  const last = gathered.at(-1)
  if (event.type === 'text' && last?.type === 'text')
    gathered[gathered.length - 1] = { type: 'text', delta: last.delta + event.delta }
  else gathered.push(event)
}

function publish(live: Running, batch: readonly StoredEvent[]): void {
  live.events.push(...batch)
  for (const resume of live.waiting) resume()
  live.waiting.clear()
}

function hasEnded({ events }: Running): boolean {
  const last = events.at(-1)
  return last !== undefined && isTerminal(last.event)
}

async function* followLive(live: Running, after: number): AsyncGenerator<StoredEvent> {
  const leave = live.read()
  try {
    for (let at = 0; ;) {
      const fresh = live.events.slice(at)
      at += fresh.length
      yield* fresh.filter(({ seq }) => seq > after)
      if (hasEnded(live) && at === live.events.length) return
      if (at === live.events.length) await new Promise<void>((resume) => live.waiting.add(resume))
    }
  } finally {
    leave()
  }
}
