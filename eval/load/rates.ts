// So many searches a second, each begun when it is due.
import { random } from '../stats.ts'
import { requestOf, type Sending } from './asked.ts'
import { clockMs } from './clock.ts'
import { spreadOf } from './figures.ts'
import { residentMb } from './processes.ts'
import type { Replied } from './requests.ts'
import type { Bench, SearchFigures, Step } from './steps.ts'
import { cpuOf, each } from './streams.ts'

export const LEAD_MS = 300
// Words, spelling and texts are in memory before anything is timed, as they are in a server that runs.
const WARM_UP_SECONDS = 3
const WARM_UP_SHARE = 0.3
const MOST_CONNECTIONS = 500

export async function searchAtRate({ searches = 0 }: Step, bench: Bench): Promise<SearchFigures> {
  await searched(searches * WARM_UP_SHARE, WARM_UP_SECONDS, bench)
  const before = cpuOf(bench)
  const began = clockMs()
  const { statuses, ms } = await searched(searches, bench.seconds, bench)
  const took = clockMs() - began - LEAD_MS
  const succeeded = Array.from(ms).filter((_, n) => statuses[n] === 200)
  return {
    searches,
    ms: spreadOf(succeeded),
    perSecond: (succeeded.length / took) * 1_000,
    failed: ms.length - succeeded.length,
    cpuUsPerSearch: each(before, cpuOf(bench), ms.length),
    residentMb: bench.servers.map(({ pid }) => residentMb(pid)),
  }
}

/** At times drawn from all of them: as many who do not know of each other ask. */
async function searched(perSecond: number, seconds: number, bench: Bench): Promise<Replied> {
  const { questions, servers, seed } = bench
  const draw = random(seed)
  const began = clockMs() + LEAD_MS
  const hosts = servers.map(({ url }) => new URL(url).host)
  const sent = Array.from({ length: Math.round(perSecond * seconds) }, (_, n) => {
    const query = questions[Math.floor(draw() * questions.length)] ?? ''
    const request = requestOf('/v1/search', hosts[n % hosts.length] ?? '', { query })
    return { request, dueAt: began + draw() * seconds * 1_000 }
  })
  return await replies(sent, bench)
}

export async function replies(
  sent: Sending['sent'],
  { readers, servers }: Pick<Bench, 'readers' | 'servers'>,
  connections = MOST_CONNECTIONS,
): Promise<Replied> {
  const done = readers.hears('replied')
  readers.tell({ type: 'send', urls: servers.map(({ url }) => url), sent, connections })
  return await done
}
