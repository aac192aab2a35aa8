// What the library could not answer, by subject: questions that were refused or judged badly, those about the same put
// together, with the document that came nearest. Whoever keeps the library sees what to learn next.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Embedder } from '../../core/ports.ts'
import type { Unanswered } from '../../core/reports.ts'

export type Gap = {
  /** how often something of it was asked */
  readonly count: number
  /** the one that is most like all of them first */
  readonly questions: readonly string[]
  readonly lastAskedAt: string
  /** how many were refused, and how many answers were judged badly */
  readonly refused: number
  readonly disliked: number
  /** what came nearest most often and is still in the library; null: nothing did */
  readonly nearest: { readonly id: string; readonly title: string; readonly source: string } | null
}

/**
 * Questions belong together from this likeness on, on average. Over the 132 committed questions with one source, of 45
 * pairs that it makes 25 are about the same document, which are 21 % of all such pairs; at 0.3 37 of 85 (32 %), at 0.5 14
 * of 19 (12 %). Rather two gaps of one subject than two subjects in one gap.
 */
const LIKE = 0.4
const EXAMPLES = 5
// Likenesses of so many are looked at before others have their turn.
const AT_ONCE = 10_000

type Group = {
  readonly sum: Float32Array
  readonly members: { readonly asked: Unanswered; readonly vector: Float32Array }[]
}

/** The same for the same questions in the same order. Most asked first, then the last asked. */
export async function gapsOf(
  unanswered: readonly Unanswered[],
  embedder: Embedder,
  signal: AbortSignal,
): Promise<Gap[]> {
  const vectors = await embedder.embed(
    unanswered.map(({ query }) => query),
    'query',
    signal,
  )
  const groups: Group[] = []
  let looks = 0
  for (const [index, asked] of unanswered.entries()) {
    const vector = vectors[index] ?? new Float32Array(embedder.dimensions)
    join(groups, asked, vector)
    looks += groups.length
    if (looks < AT_ONCE) continue
    looks = 0
    await nextTurn()
    signal.throwIfAborted()
  }
  const gaps = groups.map(toGap)
  return gaps.toSorted((a, b) => b.count - a.count || b.lastAskedAt.localeCompare(a.lastAskedAt))
}

/** To the group that it is most like on average (average linkage, Sokal and Michener 1958, each question placed once). */
function join(groups: Group[], asked: Unanswered, vector: Float32Array): void {
  let best: Group | null = null
  let most = LIKE
  for (const group of groups) {
    const like = dot(group.sum, vector) / group.members.length
    if (like < most) continue
    most = like
    best = group
  }
  const group = best ?? { sum: new Float32Array(vector.length), members: [] }
  if (!best) groups.push(group)
  group.members.push({ asked, vector })
  for (const [at, value] of vector.entries()) group.sum[at] = (group.sum[at] ?? 0) + value
}

function toGap({ sum, members }: Group): Gap {
  const typical = members.toSorted((a, b) => dot(b.vector, sum) - dot(a.vector, sum)).map(({ asked }) => asked)
  const asked = members.map((each) => each.asked)
  return {
    count: asked.length,
    questions: [...new Set(typical.map(({ question }) => question))].slice(0, EXAMPLES),
    lastAskedAt: asked.map(({ askedAt }) => askedAt).reduce((a, b) => (a > b ? a : b)),
    refused: asked.filter(({ isRefused }) => isRefused).length,
    disliked: asked.filter(({ isDisliked }) => isDisliked).length,
    nearest: mostOften(asked.flatMap(({ nearest }) => nearest ?? [])),
  }
}

function mostOften(documents: readonly NonNullable<Gap['nearest']>[]): Gap['nearest'] {
  const counts = new Map<string, number>()
  for (const { id } of documents) counts.set(id, (counts.get(id) ?? 0) + 1)
  return documents.reduce<Gap['nearest']>(
    (most, each) => (most && (counts.get(most.id) ?? 0) >= (counts.get(each.id) ?? 0) ? most : each),
    null,
  )
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0)
  return sum
}
