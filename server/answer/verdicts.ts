// From a sentence that was compared with its quotes to the verdict that readers see, and what becomes of the sentence.
import type { AnswerEvent, Span, Verdict } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import type { Draft, Receipt } from './draft.ts'

/** A sentence of the answer that has ended. `verdict` is that of its words alone. */
export type Judged = {
  readonly type: 'judged'
  readonly place: Span
  readonly sentence: string
  readonly quotes: readonly string[]
  readonly citations: readonly number[]
  readonly verdict: Verdict
}

/** A second opinion on one sentence against its quotes. Throws when there is none in time, or none that can be read. */
export type Check = (
  sentence: string,
  quotes: readonly string[],
  receipt: Receipt,
  signal: AbortSignal,
) => Promise<Verdict>

export type Policy = {
  /** true: a sentence that nothing supports is not shown, for surfaces that cannot mark it */
  readonly withholds: boolean
  readonly check: Check | null
}

export const markingOnly: Policy = { withholds: false, check: null }

export type Verdicts = {
  /** The events to send. A sentence's verdict may come behind text that follows it, never behind a later verdict. */
  readonly pass: (events: Iterable<AnswerEvent | Judged>) => AsyncIterable<AnswerEvent>
  /** The verdicts that are still due. */
  readonly end: () => AsyncIterable<AnswerEvent>
  readonly withheld: () => number
}

export function createVerdicts(
  draft: Draft,
  { withholds, check }: Policy,
  report: AnswerDeps['report'],
  signal: AbortSignal,
): Verdicts {
  const opinion = check && reportedOnce(check, report)
  return withholds ? withholding(draft, opinion, signal) : marking(draft, opinion, signal)
}

type Opinion = (...asked: Parameters<Check>) => Promise<Verdict | null>

/** Null: none. What fails for one sentence mostly fails for all of the answer, and one line says so. */
function reportedOnce(check: Check, report: AnswerDeps['report']): Opinion {
  let isReported = false
  return async (sentence, quotes, receipt, signal) => {
    try {
      return await check(sentence, quotes, receipt, signal)
    } catch (error) {
      if (!isReported && !signal.aborted) report('the model could not check a sentence', error)
      isReported = true
      return null
    }
  }
}

type Due = { readonly judged: Judged; readonly verdict: Promise<Verdict>; settled: Verdict | null }

function marking(draft: Draft, check: Opinion | null, signal: AbortSignal): Verdicts {
  const due: Due[] = []
  function* settled(): Iterable<AnswerEvent> {
    for (let first = due[0]; first?.settled; first = due[0]) {
      yield state(draft, first.judged, first.settled)
      due.shift()
    }
  }
  return {
    async *pass(events) {
      for (const event of events) {
        if (event.type === 'judged') due.push(begin(event, check, draft, signal))
        else yield event
        yield* settled()
      }
    },
    async *end() {
      for (const { verdict } of due.slice()) {
        await verdict
        yield* settled()
      }
    },
    withheld: () => 0,
  }
}

function begin(judged: Judged, check: Opinion | null, receipt: Receipt, signal: AbortSignal): Due {
  if (!check || !isOpen(judged)) return { judged, verdict: Promise.resolve(judged.verdict), settled: judged.verdict }
  const due: Due = { judged, verdict: lowered(judged, check, receipt, signal), settled: null }
  void due.verdict.then((verdict) => (due.settled = verdict))
  return due
}

/** One sentence is kept back until its verdict is known: what has been shown cannot be taken back. */
function withholding(draft: Draft, check: Opinion | null, signal: AbortSignal): Verdicts {
  let waiting: AnswerEvent[] = []
  let restore = draft.mark()
  let withheld = 0
  return {
    async *pass(events) {
      for (const event of events) {
        if (event.type !== 'judged') {
          waiting.push(event)
          continue
        }
        const verdict = check && isOpen(event) ? await lowered(event, check, draft, signal) : event.verdict
        if (verdict === 'unsupported') {
          withheld++
          restore()
        } else {
          yield* waiting
          yield state(draft, event, verdict)
        }
        waiting = []
        restore = draft.mark()
      }
    },
    async *end() {
      // Rules and emoji behind the last sentence.
      yield* waiting
      waiting = []
    },
    withheld: () => withheld,
  }
}

function state(draft: Draft, { place, citations }: Judged, verdict: Verdict): AnswerEvent {
  return draft.state(place, verdict, citations)
}

/** What the words alone refuse no model may allow, and what stands there to the letter needs none. */
function isOpen({ verdict }: Judged): boolean {
  return verdict === 'supported' || verdict === 'partial'
}

const order: readonly Verdict[] = ['supported', 'partial', 'unsupported']

/** The lower of both. Without a second opinion the sentence was not checked as it should have been, and says so. */
async function lowered(
  { sentence, quotes, verdict }: Judged,
  check: Opinion,
  receipt: Receipt,
  signal: AbortSignal,
): Promise<Verdict> {
  const other = await check(sentence, quotes, receipt, signal)
  if (other === null) return 'unchecked'
  return order[Math.max(order.indexOf(verdict), order.indexOf(other))] ?? 'unchecked'
}
