// What a sync would do, as a person reads it.
import type { SyncPlan } from '../core/syncs.ts'

// Its keys are all single words: on the wire they are the same.
type Planned = SyncPlan['sources'][number]

export function planText(plan: SyncPlan): string {
  const failed = { count: plan.failed.count, some: plan.failed.some.map(({ message }) => message) }
  return [
    ...plan.sources.map(sourceLine),
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

/** `handbook (folder, every 6h): 3 new, 40 unchanged` */
function sourceLine({ name, kind, schedule, complete, ...counts }: Planned): string {
  const words = {
    added: 'new',
    changed: 'changed',
    removed: 'gone',
    failed: 'cannot be learned',
    unchanged: 'unchanged',
  }
  const told = Object.entries(words).flatMap(([key, word]) => {
    const number = counts[key as keyof typeof words]
    return number > 0 ? [`${number} ${word}`] : []
  })
  // These never name all that there was.
  const isWhole = complete || kind === 'feed' || kind === 'stdin'
  const what = `${kind}, ${schedule ?? 'at the start and when asked'}`
  return `${name} (${what}): ${told.join(', ') || 'nothing'}${isWhole ? '' : '; not all of it could be seen: what was not stays'}`
}

function named(mark: string, what: string, { count, some }: SyncPlan['added']): string[] {
  if (count === 0) return []
  const more = count > some.length ? [`  ${mark} and ${count - some.length} more`] : []
  return [`${count} ${what}:`, ...some.map((each) => `  ${mark} ${each}`), ...more]
}

/** The built-in embedder costs nothing and counts no tokens. */
function cost({ embedded, tokens, usd }: SyncPlan): string {
  if (tokens === 0) return embedded === 0 ? '' : ' ($0, built in)'
  return ` (about ${tokens} tokens, ${usd === null ? 'no price known: MODEL_PRICES' : `$${usd.toFixed(4)}`})`
}

function time(ms: number | null): string {
  if (ms === 0) return ''
  return ms === null ? '' : ` · about ${ms < 1000 ? 'a second' : `${Math.ceil(ms / 1000)} s`}`
}
