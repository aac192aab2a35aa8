// How many tokens a text has, about. Every model counts its own way, and the table of one model's tokens costs 76 MB and
// 170 ms to load; this estimate costs neither and is within 3 % of OpenAI's o200k over the sample library (a single
// passage: −6 to +14 %).
import { estimateTokenCount, sliceByTokens } from 'tokenx'

export function countTokens(text: string): number {
  return estimateTokenCount(text)
}

/** The beginning of a text, of about so many tokens. Never half a character: no provider's JSON can carry it. */
export function firstTokens(text: string, tokens: number): string {
  return sliceByTokens(text, 0, Math.max(0, tokens)).replace(/[\ud800-\udbff]$/, '')
}

/** No text has more tokens than this: a token of a byte-pair vocabulary is at least one byte. */
export function mostTokens(text: string): number {
  return Buffer.byteLength(text)
}
