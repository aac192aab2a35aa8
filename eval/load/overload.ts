// npm run bench load -- --overload and --flood: what a server does with more than it can, and with one who asks too much.
import { randomBytes } from 'node:crypto'
import { loadavg } from 'node:os'
import { capacityOf, flooded, floodShown, mixedAt, mixedShown, recovered } from './mixed.ts'
import { commandOutput } from './processes.ts'
import type { Bench } from './steps.ts'

/** Of each key, while the load test runs; nobody else has one. */
const PER_MINUTE = 300
const KEYS = 5
const FIRST_GUESS = 20

/** What the servers are started with, so that they take keys. */
export function keyedSettings(): Readonly<Record<string, string>> {
  return { KEY_SECRET: randomBytes(32).toString('base64'), RATE_PER_KEY: String(PER_MINUTE) }
}

export type Overload = { readonly multiples: readonly number[]; readonly isFlooded: boolean }

/** What is measured, told as it comes; and all of it. */
export async function overload(
  { multiples, isFlooded }: Overload,
  bench: Bench,
  settings: Readonly<Record<string, string>>,
  say: (line: string) => void,
): Promise<object[]> {
  const figures: object[] = []
  const note = <Figures extends object>(measured: Figures, shown: (figures: Figures) => string) => {
    figures.push({ load: loadavg()[0] ?? 0, ...measured })
    say(`${shown(measured)} (load ${(loadavg()[0] ?? 0).toFixed(1)})`)
  }
  if (multiples.length > 0) {
    // What is compiled and in memory then is not measured.
    let capacity = await capacityOf(bench, FIRST_GUESS)
    for (const [n, multiple] of multiples.entries()) {
      // Before each: on a machine with other work it is never the same for long.
      const now = await capacityOf({ ...bench, seed: bench.seed + 100 + n }, capacity)
      capacity = now
      note({ capacity: now }, () => `capacity ${now.toFixed(1)} a second`)
      note(await mixedAt(multiple, capacity, { ...bench, seed: bench.seed + n }), mixedShown)
      if (multiple > 1) note(await recovered(capacity, bench), (half) => `5 s later: ${mixedShown(half)}`)
    }
  }
  if (isFlooded) note(await flooded(await makeKeys(settings), PER_MINUTE, bench), floodShown)
  return figures
}

async function makeKeys(settings: Readonly<Record<string, string>>): Promise<string[]> {
  const keys: string[] = []
  for (let n = 0; n < KEYS; n++)
    keys.push((await commandOutput(['keys', 'create', '--name', `load-${n}`], settings)).trim())
  return keys
}
