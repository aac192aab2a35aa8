// npm run chaos: seeded runs of acts, faults and kills against a real server, and what must be true after each.
import { parseArgs } from 'node:util'
import { faultsAfter, indexFaults, logFaults } from './check.ts'
import { describe, type Plan, planOf } from './plan.ts'
import { newLedger, play } from './play.ts'
import { openWorld, type World } from './world.ts'

const usage = `npm run chaos -- --seed N [--runs K] [--database postgres://…]
  --seed      the first seed
  --runs      how many, one after the other on one server; by default 1
  --database  a real Postgres, where a database is made and dropped; by default an embedded one`

type Totals = { acts: number; faults: number; ends: number; acknowledged: number; refused: number; answers: number }

async function main(): Promise<number> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { seed: text, runs: text, database: text } })
  const [seed, runs] = [Number(values.seed), Number(values.runs ?? 1)]
  if (!Number.isInteger(seed) || !Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`${usage}\n`)
    return 2
  }
  const began = performance.now()
  const world = await openWorld(values.database)
  const totals: Totals = { acts: 0, faults: 0, ends: 0, acknowledged: 0, refused: 0, answers: 0 }
  let failed = 0
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  try {
    for (let at = seed; at < seed + runs && !stopping.signal.aborted; at++) {
      const plan = planOf(at, values.database !== undefined)
      const faults = await runOf(plan, world, totals)
      if (faults.length === 0) continue
      failed++
      tell(plan, faults, { from: seed, database: values.database })
    }
    const left = [...(await indexFaults(world)), ...logFaults(world)]
    for (const fault of left) process.stdout.write(`after all seeds: ${fault}\n`)
    if (left.length > 0) failed++
  } finally {
    await world.close()
  }
  const leftovers = world.leftovers()
  if (leftovers.length > 0) process.stdout.write(`processes outlived the server: ${leftovers.join(', ')}\n`)
  if (failed > 0 || leftovers.length > 0) process.stdout.write(told(world.log()))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(
    `${runs} seeds from ${seed} in ${seconds} s: ${totals.acts} acts (${totals.acknowledged} writes acknowledged, ${totals.answers} answers, ${totals.refused} refused), ${totals.faults} faults, ${totals.ends} ends of the server; ${failed} failed\n`,
  )
  return failed > 0 || leftovers.length > 0 ? 1 : 0
}

async function runOf(plan: Plan, world: World, totals: Totals): Promise<string[]> {
  const ledger = newLedger()
  await play(plan, world, ledger)
  for (const { acts, faults, end } of plan.rounds) {
    totals.acts += acts.length
    totals.faults += faults.length
    totals.ends += end ? 1 : 0
  }
  totals.acknowledged += ledger.acknowledged
  totals.refused += ledger.refused
  totals.answers += ledger.answers.size + ledger.objects.size
  return await faultsAfter(world, ledger)
}

function tell(
  plan: Plan,
  faults: readonly string[],
  { from, database }: { from: number; database: string | undefined },
) {
  const more = database === undefined ? '' : ` --database ${database.replace(/:[^:@/]*@/, ':…@')}`
  const replay = `npm run chaos -- --seed ${plan.seed}${more}`
  const whole = `npm run chaos -- --seed ${from} --runs ${plan.seed - from + 1}${more}`
  process.stdout.write(
    [
      describe(plan),
      ...faults.map((fault) => `  WRONG: ${fault}`),
      `  replay: ${replay}`,
      ...(plan.seed > from ? [`  with all that came before: ${whole}`] : []),
      '',
    ].join('\n'),
  )
}

/** What the server warned of, and what is no line of its log. */
function told(log: string): string {
  const lines = log.split('\n').filter((line) => line !== '' && !/^\{"level":(?:10|20|30),/.test(line))
  return `${lines
    .slice(-60)
    .map((line) => line.slice(0, 600))
    .join('\n')}\n`
}

const code = await main()
// A connection that a fault left half open would hold it.
process.exit(code)
