// What a sync would do, as a person reads it.
type Some = { readonly count: number; readonly some: readonly string[] }
type Failed = { readonly count: number; readonly some: readonly { readonly message: string }[] }

/** `SyncPlan` of core/syncs.ts, whose keys are all single words. */
export type WirePlan = {
  readonly added: Some
  readonly changed: Some
  readonly removed: Some
  readonly failed: Failed
  readonly unchanged: number
  readonly skipped: number
  readonly bytes: number
  readonly chunks: number
  readonly embedded: number
  readonly tokens: number
  readonly usd: number | null
  readonly ms: number | null
  readonly refused: string | null
}

export function planText(plan: WirePlan): string {
  const failed = { count: plan.failed.count, some: plan.failed.some.map(({ message }) => message) }
  return [
    ...named('+', 'new', plan.added),
    ...named('~', 'changed', plan.changed),
    ...named('-', 'gone', plan.removed),
    ...named('!', 'cannot be learned', failed),
    `${plan.unchanged} unchanged${plan.skipped > 0 ? `, ${plan.skipped} skipped` : ''}`,
    `${(plan.bytes / 1e6).toFixed(1)} MB to learn · ${plan.chunks} chunks, ${plan.embedded} to embed${cost(plan)}${time(plan.ms)}`,
    ...(plan.refused === null ? [] : [plan.refused]),
    'Nothing was changed.',
  ].join('\n')
}

function named(mark: string, what: string, { count, some }: Some): string[] {
  if (count === 0) return []
  const more = count > some.length ? [`  ${mark} and ${count - some.length} more`] : []
  return [`${count} ${what}:`, ...some.map((each) => `  ${mark} ${each}`), ...more]
}

/** The built-in embedder costs nothing and counts no tokens. */
function cost({ embedded, tokens, usd }: WirePlan): string {
  if (tokens === 0) return embedded === 0 ? '' : ' ($0, built in)'
  return ` (about ${tokens} tokens, ${usd === null ? 'no price known: MODEL_PRICES' : `$${usd.toFixed(4)}`})`
}

function time(ms: number | null): string {
  if (ms === 0) return ''
  return ms === null ? '' : ` · about ${ms < 1000 ? 'a second' : `${Math.ceil(ms / 1000)} s`}`
}
