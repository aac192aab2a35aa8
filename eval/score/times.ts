// How long did it take, and what did it cost?
import { quantile } from '../stats.ts'

/** p50 and p95 by nearest rank, in milliseconds: values that were measured. null without any. */
export function timesAt(valuesMs: readonly number[]): { readonly p50: number | null; readonly p95: number | null } {
  return valuesMs.length === 0
    ? { p50: null, p95: null }
    : { p50: quantile(valuesMs, 0.5), p95: quantile(valuesMs, 0.95) }
}

type Usage = { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number }

/** Tokens and dollars of all answers that a model wrote, together. null when none did. */
export function spent(answers: readonly Usage[]): Usage | null {
  const sum = (of: (usage: Usage) => number) => answers.reduce((total, usage) => total + of(usage), 0)
  if (answers.length === 0) return null
  return {
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    costUsd: sum(({ costUsd }) => costUsd),
  }
}
