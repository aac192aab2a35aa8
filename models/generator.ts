// A provider's chat model as the pipeline gets it: each call paid for, passing faults retried, an outage left alone.
import type { Generator } from '../core/ports.ts'
import { type BreakerLimits, openBreaker } from './breaker.ts'
import { type Budget, withBudget } from './budget.ts'
import { type GeneratorOptions, type GeneratorWaits, MOST_OUTPUT_TOKENS, openAiGenerator } from './openai-generator.ts'
import { type RetryDelays, withGeneratorRetries } from './retry.ts'

/** How long a reader is let wait for what; left out, as long as is right for a person. */
export type Patience = {
  readonly waits?: GeneratorWaits
  readonly delays?: RetryDelays
  readonly limits?: BreakerLimits
}

export function openGenerator(
  provider: Omit<GeneratorOptions, 'waits'> & { readonly price: Budget['price'] },
  budget: Omit<Budget, 'price' | 'mostOutputTokens'>,
  { waits, delays, limits }: Patience = {},
): Generator {
  const calls = openAiGenerator({ ...provider, ...(waits && { waits }) })
  const paid = withBudget(calls, { ...budget, price: provider.price, mostOutputTokens: MOST_OUTPUT_TOKENS })
  return withGeneratorRetries(paid, delays, openBreaker(limits))
}
