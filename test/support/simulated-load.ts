// A worker of one piece of work after another behind the door, in a time of its own, looked at every 100 ms as the real
// one is.
import type { Traffic } from '../../core/limits.ts'
import { openDoor } from '../../server/limit/door.ts'
import { openLearned } from '../../server/limit/load.ts'

const kinds = [
  { traffic: 'question', tier: 2, share: 0.35, ms: 5 },
  { traffic: 'search', tier: 1, share: 0.25, ms: 3 },
  { traffic: 'history', tier: 1, share: 0.2, ms: 1 },
  { traffic: 'evaluation', tier: 0, share: 0.1, ms: 5 },
  { traffic: 'ingest', tier: 0, share: 0.1, ms: 10 },
] as const
const meanMs = kinds.reduce((sum, { share, ms }) => sum + share * ms, 0)
// A refusal is not free either.
const REFUSED_MS = 0.15
const IN_TIME_MS = 1_000
// As long as whoever comes first is waited for, whatever comes of it.
const SETTLED_MS = 25_000

export type Simulated = {
  /** of what it can do */
  readonly load: number
  readonly seconds: number
  readonly seed: number
  /** Every ten seconds it does nothing for so long. */
  readonly heldUpMs?: number
}

type Tally = { asked: number; refused: number; readonly tookMs: number[] }

export function simulate({ load, seconds, seed, heldUpMs = 0 }: Simulated) {
  const draw = drawn(seed)
  const learned = openLearned()
  const door = openDoor(learned.most)
  const tallies = new Map<Traffic, Tally>(kinds.map(({ traffic }) => [traffic, { asked: 0, refused: 0, tookMs: [] }]))
  const ends: { readonly at: number; readonly tier: 0 | 1 | 2 }[] = []
  let [now, freeAt, lookAt, holdAt, finished, workedMs] = [0, 0, 100, 10_000, 0, 0]
  const passTo = (until: number) => {
    for (;;) {
      const next = Math.min(ends[0]?.at ?? Infinity, lookAt, holdAt)
      if (next > until) break
      now = next
      if (next === holdAt) {
        freeAt = Math.max(freeAt, now) + heldUpMs
        holdAt += 10_000
      } else if (next === lookAt) {
        learned.look(Math.max(0, freeAt - now), finished * 10)
        finished = 0
        lookAt += 100
        door.look(now)
      } else {
        finished++
        door.leave(ends.shift()!.tier, now)
      }
    }
    now = until
  }
  const arrive = () => {
    let left = draw()
    const { traffic, tier, ms } = kinds.find(({ share }) => (left -= share) < 0) ?? kinds[0]
    const tally = tallies.get(traffic)!
    const since = now
    tally.asked++
    door.knock(tier, now, (refusal) => {
      freeAt = Math.max(freeAt, now) + (refusal === null ? ms * (0.7 + 0.6 * draw()) : REFUSED_MS)
      if (refusal !== null) {
        tally.refused++
        return
      }
      tally.tookMs.push(freeAt - since)
      if (since >= SETTLED_MS && freeAt - since < IN_TIME_MS) workedMs += ms
      ends.push({ at: freeAt, tier })
    })
  }
  for (let at = 0; at < seconds * 1_000; at -= (Math.log(draw()) * meanMs) / load) {
    passTo(at)
    arrive()
  }
  return {
    refused: (traffic: Traffic) => tallies.get(traffic)!.refused / tallies.get(traffic)!.asked,
    /** as long as so many of a hundred take at most */
    tookMs: (traffic: Traffic, percent: number) => {
      const sorted = tallies.get(traffic)!.tookMs.toSorted((a, b) => a - b)
      return sorted[Math.floor((sorted.length * percent) / 100)] ?? 0
    },
    /** of its time, by what was done within a second */
    used: workedMs / (seconds * 1_000 - SETTLED_MS),
  }
}

function drawn(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return (state + 1) / (2 ** 32 + 1)
  }
}
