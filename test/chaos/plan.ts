// What happens in a run of chaos, from its seed alone: rounds of acts at once, with faults of the network and the model
// under them, and now and then an end of the server.
import { random } from '../../eval/stats.ts'
import type { NetworkFault } from '../support/fault-proxy.ts'

/** How the model answers when it is reached. */
export type Saying = 'well' | 'slowly' | 'garbage' | 'cut' | 'busy' | 'broken'

export type Fault =
  | { readonly on: 'model' | 'database'; readonly network: NetworkFault }
  | { readonly on: 'model'; readonly says: Saying }

export type Act =
  | {
      readonly type: 'ask'
      /** the document that it is about; null: one that was there before */
      readonly about: string | null
      readonly form: 'json' | 'stream' | 'resumable'
      readonly mode: 'auto' | 'extractive'
      /** the reader leaves after so long; null: reads to the end */
      readonly leaveAfterMs: number | null
    }
  | { readonly type: 'search'; readonly about: string | null }
  | { readonly type: 'upload'; readonly name: string; readonly version: number }
  | { readonly type: 'remove'; readonly name: string }

export type Round = {
  readonly faults: readonly Fault[]
  /** how long they last */
  readonly holdMs: number
  readonly acts: readonly Act[]
  readonly end: { readonly signal: 'SIGKILL' | 'SIGTERM'; readonly afterMs: number } | null
}

export type Plan = { readonly seed: number; readonly rounds: readonly Round[] }

// An end costs a start of about two seconds, everything else some milliseconds.
const SEEDS_PER_END = 20

export function planOf(seed: number, hasNetworkToDatabase: boolean): Plan {
  const draw = random(seed)
  const upTo = (most: number) => Math.floor(draw() * (most + 1))
  const among = <Each>(all: readonly [Each, ...Each[]]): Each => all[upTo(all.length - 1)] ?? all[0]
  const names = Array.from({ length: 2 }, (_, n) => `chaos-${seed}-${n}`)
  const count = 1 + upTo(1)
  const ending = draw() < 1 / SEEDS_PER_END ? upTo(count - 1) : null
  const network = (): NetworkFault =>
    among<NetworkFault>([
      { type: 'refuse' },
      { type: 'reset' },
      { type: 'blackhole' },
      { type: 'delay', delayMs: 1 + upTo(20) },
      { type: 'throttle', bytesPerSecond: 20_000 },
      { type: 'cut', afterBytes: upTo(3_000) },
    ])
  const fault = (): Fault => {
    if (hasNetworkToDatabase && draw() < 0.5) return { on: 'database', network: network() }
    return draw() < 0.5
      ? { on: 'model', network: network() }
      : { on: 'model', says: among(['well', 'slowly', 'garbage', 'cut', 'busy', 'broken']) }
  }
  const about = () => (draw() < 0.5 ? among(['', ...names]) || null : null)
  const reading = (): Act => {
    if (draw() < 0.4) return { type: 'search', about: about() }
    const [form, mode] = [
      among(['json', 'stream', 'resumable'] as const),
      among(['auto', 'auto', 'extractive'] as const),
    ]
    return { type: 'ask', about: about(), form, mode, leaveAfterMs: draw() < 0.2 ? upTo(100) : null }
  }
  const round = (_: unknown, at: number): Round => {
    const writing = names.flatMap((name): Act[] => {
      const chance = draw()
      if (chance < 0.5) return [{ type: 'upload', name, version: at }]
      return chance < 0.65 ? [{ type: 'remove', name }] : []
    })
    return {
      faults: draw() < 0.5 ? [fault()] : [],
      holdMs: 20 + upTo(130),
      acts: [...writing, ...Array.from({ length: 1 + upTo(2) }, reading)],
      end: at === ending ? { signal: draw() < 0.75 ? 'SIGKILL' : 'SIGTERM', afterMs: upTo(150) } : null,
    }
  }
  return { seed, rounds: Array.from({ length: count }, round) }
}

/** A line for each round, for who looks at a run that failed. */
export function describe({ seed, rounds }: Plan): string {
  const lines = rounds.map(({ faults, holdMs, acts, end }, at) => {
    const under = faults.length > 0 ? ` under ${JSON.stringify(faults)} for ${holdMs} ms` : ''
    const ended = end ? `, ${end.signal} after ${end.afterMs} ms` : ''
    return `  ${at + 1}. ${acts.map((act) => JSON.stringify(act)).join(' ')}${under}${ended}`
  })
  return [`seed ${seed}:`, ...lines].join('\n')
}
