// So many searches a second, each begun when it is due.
import { random } from '../stats.ts'
import { clockMs } from './clock.ts'
import { spreadOf } from './figures.ts'
import { residentMb } from './processes.ts'
import type { Bench, SearchFigures, Step } from './steps.ts'
import { cpuOf, each } from './streams.ts'

const LEAD_MS = 300
// Words, spelling and texts are in memory before anything is timed, as they are in a server that runs.
const WARM_UP_SECONDS = 3
const WARM_UP_SHARE = 0.3

export async function searchAtRate({ searches = 0 }: Step, bench: Bench): Promise<SearchFigures> {
  await searched(searches * WARM_UP_SHARE, WARM_UP_SECONDS, bench)
  const before = cpuOf(bench)
  const began = clockMs()
  const { ms, failed } = await searched(searches, bench.seconds, bench)
  const took = clockMs() - began - LEAD_MS
  const count = ms.length + failed
  return {
    searches,
    ms: spreadOf(Array.from(ms)),
    perSecond: (ms.length / took) * 1_000,
    failed,
    cpuUsPerSearch: each(before, cpuOf(bench), count),
    residentMb: bench.servers.map(({ pid }) => residentMb(pid)),
  }
}

/** At times drawn from all of them: as many who do not know of each other ask. */
async function searched(perSecond: number, seconds: number, { readers, servers, questions, seed }: Bench) {
  const draw = random(seed)
  const began = clockMs() + LEAD_MS
  const asked = Array.from({ length: Math.round(perSecond * seconds) }, () => ({
    question: questions[Math.floor(draw() * questions.length)] ?? '',
    dueAt: began + draw() * seconds * 1_000,
  }))
  const done = readers.hears('searched')
  readers.tell({ type: 'search', urls: servers.map(({ url }) => url), asked })
  return (await done).searches
}
