// Single flight: the same question of several at once is answered once. Each has an answer of their own (its id, its
// conversation, its log, its end), made of the same events; so whoever leaves or stops, leaves and stops for themselves.
import type { Answering, SearchStore } from '../../core/ports.ts'
import { type Answer, type AnswerEvent, isTerminal, type Mode, type Question, type Usage } from '../../core/types.ts'
import { newDraft } from './draft.ts'

type Models = Parameters<typeof newDraft>[2]
type Deps = Models & { readonly search: Pick<SearchStore, 'state'> }

type Run = {
  readonly name: string
  readonly events: AnswerEvent[]
  readonly source: AsyncIterator<AnswerEvent>
  readonly controller: AbortController
  /** Who has not left, in the order in which they came. */
  readonly readers: Set<object>
  /** the next event, while somebody waits for it */
  pulling: Promise<void> | null
}

/** Nobody pulls for the others: whoever is the first to want another event fetches it for all. */
export function shared(answering: Answering, deps: Deps): Answering {
  const runs = new Map<string, Run>()
  const begin = (name: string, question: Question): Run => {
    const controller = new AbortController()
    const source = answering(question, controller.signal)[Symbol.asyncIterator]()
    const run = { name, events: [], source, controller, readers: new Set<object>(), pulling: null }
    runs.set(name, run)
    return run
  }
  const end = (run: Run) => {
    if (runs.get(run.name) === run) runs.delete(run.name)
  }
  return async function* (question, signal) {
    const name = await nameOf(question, deps)
    if (name === null) yield* answering(question, signal)
    else yield* read(runs.get(name) ?? begin(name, question), question, deps, end, signal)
  }
}

/**
 * All that an answer depends on, the library as it is among it: who has just added a document must not be told what was
 * found before. null: on more than that, such as what was said before, or a wish for another one.
 */
async function nameOf(question: Question, { search }: Deps): Promise<string | null> {
  const { library, text, mode, fresh, history, withholds, audiences } = question
  if (fresh || history.length > 0) return null
  try {
    const state = await search.state(library)
    return JSON.stringify([library, state, text, mode, withholds ?? false, audiences?.toSorted() ?? null])
  } catch {
    // The answer says itself that the database is away.
    return null
  }
}

async function* read(
  run: Run,
  question: Question,
  models: Models,
  end: (run: Run) => void,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const reader = {}
  run.readers.add(reader)
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  // Decided once: who asked again later could find that nobody is left, and that the work goes on all the same.
  let hasLeft = false
  const stop = () => {
    hasLeft = run.readers.size > 1
    if (hasLeft) {
      run.readers.delete(reader)
      leave()
      return
    }
    // The last one takes the work along, and hears the end that it has then; nobody else shall hear it.
    end(run)
    run.controller.abort(signal.reason)
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    let [at, isOver] = [0, false]
    while (!isOver) {
      const event = run.events[at] ?? (hasLeft ? stoppedAt(run.events, question, models) : null)
      if (event === null) await Promise.race([left, (run.pulling ??= pull(run, end))])
      else {
        at++
        isOver = isTerminal(event)
        yield ownOf(event, question, run.readers.values().next().value === reader)
      }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    run.readers.delete(reader)
    if (run.readers.size === 0) {
      end(run)
      run.controller.abort()
      void run.source.return?.()
    }
  }
}

async function pull(run: Run, end: (run: Run) => void): Promise<void> {
  try {
    const { done, value } = await run.source.next()
    // Who comes now asks anew: what it would be told may have changed since.
    if (done || isTerminal(value)) end(run)
    run.events.push(done ? { type: 'error', code: 'internal', retryable: false } : value)
  } finally {
    run.pulling = null
  }
}

const nothing: Usage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/** The model was paid for once: by whoever was the first. */
function ownOf(event: AnswerEvent, { id, conversationId }: Question, isFirst: boolean): AnswerEvent {
  if (event.type === 'started') return { ...event, id, conversationId }
  if (!('answer' in event)) return event
  const answer: Answer = { ...event.answer, id, conversationId }
  if (isFirst) return { ...event, answer }
  return { ...event, answer: { ...answer, usage: nothing, cached: answer.mode === 'generative' } }
}

/** What somebody has read of an answer that goes on for others. */
function stoppedAt(events: readonly AnswerEvent[], question: Question, models: Models): AnswerEvent {
  let mode: Mode = 'extractive'
  let text = ''
  const citations = events.flatMap((event) => (event.type === 'citation' ? [event.citation] : []))
  const statements = events.flatMap((event) => {
    if (event.type !== 'verdict') return []
    const { start, end, verdict, citations: numbers } = event
    return [{ start, end, verdict, citations: numbers }]
  })
  for (const event of events) {
    if (event.type === 'started') mode = event.mode
    if (event.type === 'text') text += event.delta
  }
  const passages = events.flatMap((event) => (event.type === 'passages' ? event.passages : []))
  const answer = newDraft(question, mode, models).finish('stopped')
  return { type: 'stopped', answer: { ...answer, passages, citations, statements, answer: text } }
}
