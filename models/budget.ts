// What the model may cost: before every call the most it can cost is set aside, after it what it did cost is counted.
import { ModelError, type ModelErrorCode } from '../core/errors.ts'
import type { Generator, GeneratorEvent, Message, Reservation, SpendingStore } from '../core/ports.ts'
import { countTokens, mostTokens } from '../core/tokens.ts'
import type { Usage } from '../core/types.ts'

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
export function withBudget(generator: Generator, budget: Budget): Generator {
  return {
    model: generator.model,
    async *stream(messages, signal) {
      signal.throwIfAborted()
      const reserved = await reserve(messages, budget)
      let written = ''
      // Until it is known better: a reader who leaves does not stop what the provider has begun to count.
      let usage = (): Usage => estimate(messages, written, budget)
      try {
        for await (const event of generator.stream(messages, signal)) {
          if (event.type === 'text') written += event.delta
          if (event.type === 'finish') {
            const counted = toldBy(event, budget) ?? usage()
            usage = () => counted
            yield { ...event, ...counted }
          } else yield event
        }
      } catch (error) {
        if (written === '' && !isCharged(error)) usage = () => nothing
        const spent = usage()
        usage = () => spent
        if (spent !== nothing) yield { type: 'spent', ...spent }
        throw error
      } finally {
        await settle(usage(), reserved, budget)
      }
    },
  }
}

async function reserve(messages: readonly Message[], budget: Budget): Promise<Reservation | null> {
  const { price, limitUsd, library, spending } = budget
  if (limitUsd === null) return null
  const inputTokens = messages.reduce((sum, { content }) => sum + mostTokens(content) + FRAME_TOKENS, FRAME_TOKENS)
  const usd = costOf({ inputTokens, outputTokens: budget.mostOutputTokens }, price)
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

// What a provider adds to each message and to the whole: 3 to 4 tokens in OpenAI's format.
const FRAME_TOKENS = 4

/** What the provider says it counted; null when it does not say. */
function toldBy({ inputTokens, outputTokens }: GeneratorEvent & { type: 'finish' }, { price }: Budget): Usage | null {
  if (inputTokens + outputTokens === 0) return null
  return { inputTokens, outputTokens, costUsd: costOf({ inputTokens, outputTokens }, price) }
}

function estimate(messages: readonly Message[], written: string, { price }: Budget): Usage {
  const inputTokens = messages.reduce((sum, { content }) => sum + countTokens(content) + FRAME_TOKENS, FRAME_TOKENS)
  const tokens = { inputTokens, outputTokens: countTokens(written) }
  return { ...tokens, costUsd: costOf(tokens, price) }
}

function costOf({ inputTokens, outputTokens }: Omit<Usage, 'costUsd'>, price: Price | null): number {
  const usd = price ? (inputTokens * price.inputUsd + outputTokens * price.outputUsd) / 1e6 : 0
  return Math.round(usd * 1e9) / 1e9
}

// Faults that come before a provider has read anything. A call that hung, was cut or was left had been taken on.
const unread: readonly ModelErrorCode[] = [
  'model-unavailable',
  'model-rate-limited',
  'model-quota-spent',
  'model-refused',
  'model-context-too-long',
  'model-bad-output',
]

function isCharged(error: unknown): boolean {
  return !(error instanceof ModelError && unread.some((code) => code === error.code))
}
