// What the model may cost: before every call the most it can cost is set aside, after it what it did cost is counted.
import { ModelError, type ModelErrorCode } from '../core/errors.ts'
import type { Generator, GeneratorEvent, Message } from '../core/ports.ts'
import type { Reservation, SpendingStore } from '../core/spending.ts'
import { countTokens, mostTokens } from '../core/tokens.ts'
import type { Usage } from '../core/types.ts'

type Tokens = { readonly inputTokens: number; readonly outputTokens: number }

/**
 * `unseen` is for the count alone. The first one says that the provider has taken the call on; each may bring thoughts,
 * and the tokens that the provider says it has counted by now (0: not told).
 */
export type CallEvent = GeneratorEvent | ({ readonly type: 'unseen'; readonly thoughts: string } & Tokens)

/** A provider's model as it is called. */
export type Caller = {
  readonly model: string
  stream(messages: readonly Message[], signal: AbortSignal): AsyncIterable<CallEvent>
}

/** US dollars per million tokens. */
type Price = { readonly inputUsd: number; readonly outputUsd: number }

export type Budget = {
  /** null: not known, every call counts as costing nothing */
  readonly price: Price | null
  /** per library and day (UTC); null: no limit */
  readonly limitUsd: number | null
  /** of one call, which the provider is told as well */
  readonly mostOutputTokens: number
  readonly library: string
  readonly spending: SpendingStore
  readonly report: (message: string, error: unknown) => void
}

/** Stands inside of the retries: every single call is paid for. Throws ModelError `model-budget-spent`. */
export function withBudget(calls: Caller, budget: Budget): Generator {
  return {
    model: calls.model,
    async *stream(messages, signal) {
      signal.throwIfAborted()
      const reserved = await reserve(messages, budget)
      const heard: Heard = { isTakenOn: false, words: '', inputTokens: 0, outputTokens: 0 }
      // Whoever left while the money was set aside makes no call.
      let usage = signal.aborted ? nothing : null
      try {
        for await (const event of calls.stream(messages, signal)) {
          note(event, heard)
          if (event.type === 'finish') {
            usage = costOf(whole(heard, messages), budget.price)
            yield { ...event, ...usage }
          } else if (event.type !== 'unseen') yield event
        }
      } catch (error) {
        usage ??= isRefused(error, heard) ? nothing : costOf(broken(heard, messages, error, budget), budget.price)
        if (usage !== nothing) yield { type: 'spent', ...usage }
        throw error
      } finally {
        // A reader who leaves does not stop what the provider has begun to count.
        await settle(usage ?? costOf(broken(heard, messages, null, budget), budget.price), reserved, budget)
      }
    },
  }
}

async function reserve(messages: readonly Message[], budget: Budget): Promise<Reservation | null> {
  const { price, limitUsd, library, spending } = budget
  if (limitUsd === null) return null
  const inputTokens = countInput(messages, mostTokens)
  const usd = costOf({ inputTokens, outputTokens: budget.mostOutputTokens }, price).costUsd
  const reserved = limitUsd > 0 ? await spending.reserve(library, usd, limitUsd) : null
  if (reserved) return reserved
  throw new ModelError('model-budget-spent', `The budget of ${limitUsd} USD for today is spent or set aside.`)
}

/** The totals are worth a line in the log, but no answer. */
async function settle(usage: Usage, reserved: Reservation | null, budget: Budget): Promise<void> {
  if (usage === nothing && !reserved) return
  try {
    await budget.spending.settle(budget.library, usage, reserved)
  } catch (error) {
    budget.report('what a call has cost could not be recorded', error)
  }
}

const nothing: Usage = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/** What is known of a call so far: its words and thoughts, and what the provider says it counted. */
type Heard = { isTakenOn: boolean; words: string; inputTokens: number; outputTokens: number }

function note(event: CallEvent, heard: Heard): void {
  heard.isTakenOn = true
  if (event.type === 'text') heard.words += event.delta
  if (event.type === 'unseen') heard.words += event.thoughts
  if (event.type === 'finish' || event.type === 'unseen') {
    heard.inputTokens = event.inputTokens
    heard.outputTokens = event.outputTokens
  }
}

/** Of a call that came to its end: what the provider counted, and when it does not say, an estimate. */
function whole({ words, inputTokens, outputTokens }: Heard, messages: readonly Message[]): Tokens {
  if (inputTokens + outputTokens > 0) return { inputTokens, outputTokens }
  return { inputTokens: countInput(messages, countTokens), outputTokens: countTokens(words) }
}

/**
 * Of a call that broke or was left. What was written when the provider counted last may be less than what came; and a
 * model that had said nothing yet may have thought all the while, unless the provider says itself that it failed.
 */
function broken(heard: Heard, messages: readonly Message[], error: unknown, { mostOutputTokens }: Budget): Tokens {
  const seenTokens = Math.max(heard.outputTokens, countTokens(heard.words))
  const outputTokens = seenTokens === 0 && !isToldBy(error) ? mostOutputTokens : seenTokens
  return { inputTokens: heard.inputTokens || countInput(messages, countTokens), outputTokens }
}

// What a provider adds to each message and to the whole: 3 to 4 tokens in OpenAI's format.
const FRAME_TOKENS = 4

function countInput(messages: readonly Message[], count: (text: string) => number): number {
  return messages.reduce((sum, { content }) => sum + count(content) + FRAME_TOKENS, FRAME_TOKENS)
}

function costOf({ inputTokens, outputTokens }: Tokens, price: Price | null): Usage {
  const usd = price ? (inputTokens * price.inputUsd + outputTokens * price.outputUsd) / 1e6 : 0
  return { inputTokens, outputTokens, costUsd: Math.round(usd * 1e9) / 1e9 }
}

/** Nothing was read before the provider began to answer; and a web page in the place of an answer is no model. */
function isRefused(error: unknown, { isTakenOn }: Heard): boolean {
  return !isTakenOn && (isToldBy(error) || (error instanceof ModelError && error.code === 'model-bad-output'))
}

// The provider's own word for what is wrong, or that there is none to be reached. A call that hung, was cut or was left
// had been taken on.
const toldCodes: readonly ModelErrorCode[] = [
  'model-unavailable',
  'model-rate-limited',
  'model-quota-spent',
  'model-refused',
  'model-context-too-long',
]

function isToldBy(error: unknown): boolean {
  return error instanceof ModelError && toldCodes.some((code) => code === error.code)
}
