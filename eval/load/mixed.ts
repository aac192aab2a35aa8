// Work of all kinds at a multiple of what the server can do, and one key that asks far beyond its quota beside others that
// do not. What the server can do is measured first, in the same run, by a few who ask again as soon as they are answered.
import { setTimeout as wait } from 'node:timers/promises'
import { random } from '../stats.ts'
import { headOf, requestOf, type Sending } from './asked.ts'
import { clockMs } from './clock.ts'
import { type Spread, spreadOf } from './figures.ts'
import { cpuUs, residentMb } from './processes.ts'
import { LEAD_MS, replies } from './rates.ts'
import type { Replied } from './requests.ts'
import type { Bench } from './steps.ts'

const kinds = ['question', 'search', 'history', 'evaluation', 'ingest'] as const
type Kind = (typeof kinds)[number]
// A question costs as much as a dozen lists: at twice what a server can do, questions alone are less than that.
const shares: Readonly<Record<Kind, number>> = {
  question: 0.12,
  search: 0.33,
  history: 0.3,
  evaluation: 0.1,
  ingest: 0.15,
}

/** Whoever has waited longer has gone. */
const IN_TIME_MS = 2_000
// Enough to keep every part of it busy, and too few for a queue that it would call one.
const CLOSED_LOOP = 4
const CLOSED_SECONDS = 5
const RECOVERY_MS = 5_000

type Sorted = Sending['sent'][number] & { readonly kind: Kind }

type KindFigures = {
  readonly asked: number
  readonly succeeded: number
  readonly refused: number
  readonly failed: number
  readonly ms: Spread
}

export type MixedFigures = {
  readonly overload: number
  readonly perSecond: number
  readonly kinds: Readonly<Record<Kind, KindFigures>>
  /** a second */
  readonly inTime: { readonly questions: number; readonly all: number }
  readonly residentMb: readonly number[]
  /** how often each limiter refused something, as the servers count it */
  readonly shed: Readonly<Record<string, number>>
}

/** `guess`: a second, by which it is decided how many are asked. */
export async function capacityOf(bench: Bench, guess: number): Promise<number> {
  const sent = mixOf(Math.round(guess * CLOSED_SECONDS), 0, 0, bench)
  const began = clockMs()
  const { statuses } = await replies(sent, bench, CLOSED_LOOP)
  const perSecond = (statuses.filter((status) => status < 300 && status > 0).length / (clockMs() - began)) * 1_000
  // Nothing of that is left when something else is measured.
  await wait(RECOVERY_MS)
  return perSecond
}

export async function mixedAt(overload: number, capacity: number, bench: Bench): Promise<MixedFigures> {
  const perSecond = overload * capacity
  const sent = mixOf(Math.round(perSecond * bench.seconds), clockMs() + LEAD_MS, bench.seconds, bench)
  const before = await shedBy(bench)
  const replied = await replies(sent, bench)
  const after = await shedBy(bench)
  const inTime = sent.filter((_, n) => isGood(replied, n) && (replied.ms[n] ?? 0) <= IN_TIME_MS)
  return {
    overload,
    perSecond,
    kinds: Object.fromEntries(kinds.map((kind) => [kind, figuresOf(kind, sent, replied)])) as MixedFigures['kinds'],
    inTime: {
      questions: inTime.filter(({ kind }) => kind === 'question').length / bench.seconds,
      all: inTime.length / bench.seconds,
    },
    residentMb: bench.servers.map(({ pid }) => residentMb(pid)),
    shed: Object.fromEntries(
      Object.entries(after).flatMap(([name, count]) => {
        const more = count - (before[name] ?? 0)
        return more > 0 ? [[name, more]] : []
      }),
    ),
  }
}

async function shedBy({ servers }: Bench): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { url } of servers) {
    const text = await (await fetch(`${url}/metrics`)).text()
    const lines = text.matchAll(/^footnote_requests_shed_total\{limiter="(\w+)",class="(\w+)"\} (\d+)/gm)
    for (const [, limiter, kind, count] of lines)
      counts[`${kind} by ${limiter}`] = (counts[`${kind} by ${limiter}`] ?? 0) + Number(count)
  }
  return counts
}

/** Half of what it can do, five seconds after the end of anything. */
export async function recovered(capacity: number, bench: Bench): Promise<MixedFigures> {
  await wait(RECOVERY_MS)
  return await mixedAt(0.5, capacity, bench)
}

let documents = 0

function mixOf(count: number, began: number, seconds: number, { questions, servers, seed }: Bench): Sorted[] {
  const draw = random(seed)
  const hosts = servers.map(({ url }) => new URL(url).host)
  return Array.from({ length: count }, (_, n) => {
    let left = draw()
    const kind = kinds.find((each) => (left -= shares[each]) < 0) ?? 'question'
    const question = questions[Math.floor(draw() * questions.length)] ?? ''
    const request = requestFor(kind, question, hosts[n % hosts.length] ?? '')
    return { kind, request, dueAt: began + draw() * seconds * 1_000 }
  })
}

function requestFor(kind: Kind, question: string, host: string): string {
  if (kind === 'history') return headOf('GET', '/v1/answers?limit=20', host)
  if (kind === 'search') return requestOf('/v1/search', host, { query: question })
  if (kind === 'ingest') {
    const text = `# Note ${++documents}\n\n${question}\n\nNobody has answered that as of note ${documents}, which is kept for whoever asks it again.`
    return requestOf('/v1/documents', host, { name: `load-${process.pid}-${documents}.md`, markdown: text })
  }
  // Each by itself: the same question at once is answered once.
  const body = { question, mode: 'extractive', fresh: true }
  return requestOf('/v1/ask', host, body, kind === 'evaluation' ? { priority: 'u=7' } : {})
}

const isGood = ({ statuses }: Replied, n: number) => statuses[n] === 200 || statuses[n] === 201
const isRefused = ({ statuses }: Replied, n: number) => statuses[n] === 429 || statuses[n] === 503

function figuresOf(kind: Kind, sent: readonly Sorted[], replied: Replied): KindFigures {
  const its = [...sent.keys()].filter((n) => sent[n]?.kind === kind)
  const good = its.filter((n) => isGood(replied, n))
  const refused = its.filter((n) => isRefused(replied, n)).length
  return {
    asked: its.length,
    succeeded: good.length,
    refused,
    failed: its.length - good.length - refused,
    ms: spreadOf(good.map((n) => replied.ms[n] ?? 0)),
  }
}

export type FloodFigures = {
  /** of the keys that keep to their quota, by turns without and with the other one */
  readonly calmMs: readonly Spread[]
  readonly floodedMs: readonly Spread[]
  readonly othersFailed: number
  readonly flood: { readonly asked: number; readonly succeeded: number; readonly refused: number }
  /** of the server, of CPU time: the key asks on as fast as it is refused */
  readonly refusalUs: number
}

const FLOOD = 20
const OTHERS = 0.6
const ROUNDS = 3

/** `perMinute`: the quota of each of these keys. The first one asks twenty times as often. */
export async function flooded(keys: readonly string[], perMinute: number, bench: Bench): Promise<FloodFigures> {
  const [loud = '', ...others] = keys
  const calmMs: Spread[] = []
  const floodedMs: Spread[] = []
  const flood = { asked: 0, succeeded: 0, refused: 0 }
  let othersFailed = 0
  for (let round = 0; round < ROUNDS * 2; round++) {
    const began = clockMs() + LEAD_MS
    const draw = random(bench.seed + round)
    const of = (key: string, rate: number) =>
      Array.from({ length: Math.round((perMinute / 60) * rate * bench.seconds) }, () => ({
        key,
        request: searchBy(key, bench, draw),
        dueAt: began + draw() * bench.seconds * 1_000,
      }))
    const sent = [...others.flatMap((key) => of(key, OTHERS)), ...(round % 2 ? of(loud, FLOOD) : [])]
    const replied = await replies(sent, bench)
    const [its, rest] = [true, false].map((isLoud) =>
      [...sent.keys()].filter((n) => (sent[n]?.key === loud) === isLoud),
    )
    const good = (rest ?? []).filter((n) => isGood(replied, n))
    othersFailed += (rest ?? []).length - good.length
    ;(round % 2 ? floodedMs : calmMs).push(spreadOf(good.map((n) => replied.ms[n] ?? 0)))
    flood.asked += its?.length ?? 0
    flood.succeeded += its?.filter((n) => isGood(replied, n)).length ?? 0
    flood.refused += its?.filter((n) => isRefused(replied, n)).length ?? 0
  }
  return { calmMs, floodedMs, othersFailed, flood, refusalUs: await refusalUs(loud, bench) }
}

const REFUSALS = 3_000

async function refusalUs(key: string, bench: Bench): Promise<number> {
  const draw = random(bench.seed)
  const sent = Array.from({ length: REFUSALS }, () => ({ request: searchBy(key, bench, draw), dueAt: 0 }))
  const pids = bench.servers.map(({ pid }) => pid)
  const before = cpuUs(pids)
  const replied = await replies(sent, bench, CLOSED_LOOP)
  return (cpuUs(pids) - before) / sent.filter((_, n) => isRefused(replied, n)).length
}

function searchBy(key: string, { questions, servers }: Bench, draw: () => number): string {
  const query = questions[Math.floor(draw() * questions.length)] ?? ''
  return requestOf('/v1/search', new URL(servers[0]?.url ?? '').host, { query }, { authorization: `Bearer ${key}` })
}

export function mixedShown({
  overload,
  perSecond,
  kinds: by,
  inTime,
  residentMb: resident,
  shed,
}: MixedFigures): string {
  const lines = kinds.map((kind) => {
    const { asked, succeeded, refused, failed, ms } = by[kind]
    const share = asked === 0 ? 100 : (100 * succeeded) / asked
    return `  ${kind.padEnd(10)} ${share.toFixed(1).padStart(5)} % of ${asked}; ${refused} refused, ${failed} failed; p50 ${ms.p50.toFixed(0)} ms, p99 ${ms.p99.toFixed(0)} ms`
  })
  return `${overload} × capacity (${perSecond.toFixed(0)} a second)
${lines.join('\n')}
  in time    ${inTime.questions.toFixed(1)} questions a second, ${inTime.all.toFixed(1)} of everything; ${resident.map((mb) => `${mb.toFixed(0)} MB`).join(', ')}
  refused    ${
    Object.entries(shed)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'nothing'
  }`
}

export function floodShown({ calmMs, floodedMs, othersFailed, flood, refusalUs: us }: FloodFigures): string {
  return `one key at ${FLOOD} × its quota
  others without it ${told(calmMs)}
  others beside it  ${told(floodedMs)}; ${othersFailed} failed
  the key itself    ${flood.succeeded} of ${flood.asked} succeeded, ${flood.refused} refused, each for ${us.toFixed(0)} µs of CPU`
}

function told(spreads: readonly Spread[]): string {
  return spreads.map(({ p50, p99 }) => `p50 ${p50.toFixed(0)} p99 ${p99.toFixed(0)} ms`).join(', ')
}
