// So many answers read at once: readers arrive during the first third of the step, all of them read in the rest.
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '../../core/errors.ts'
import { random } from '../stats.ts'
import type { Asked } from './asked.ts'
import { clockMs } from './clock.ts'
import { delaysIn, spreadOf, tokensIn, type Window } from './figures.ts'
import { cpuUs, residentMb } from './processes.ts'
import type { Read } from './readers.ts'
import type { Bench, Step, StreamFigures } from './steps.ts'

const TOKENS_PER_SECOND = 20
const ARRIVING = 1 / 3
// Orders must be where they go before the first reader is due.
const LEAD_MS = 300
// What arrived last has its first token by then, mostly.
const SETTLE_MS = 1_000

// As fast as a server that has just been started bears it.
const WARM_UP_EACH_MS = 40

/** The questions that are answered: a refusal is no stream. Words and texts are in memory then, and code is compiled. */
export async function answered({ model, readers, servers, questions }: Bench): Promise<string[]> {
  model.tell({ type: 'begin', tokensPerSecond: TOKENS_PER_SECOND, tokens: TOKENS_PER_SECOND })
  const began = clockMs() + LEAD_MS
  const asked = questions.map((question, n) => ({ question, dueAt: began + n * WARM_UP_EACH_MS }))
  const { answers } = await exchange({ model, readers }, servers, asked)
  const fit = questions.filter((_, n) => answers[n]?.end === 'done')
  if (fit.length === 0) throw new AppError('bench-failed', 'No question was answered by the model.')
  return fit
}

async function exchange(
  { model, readers }: Pick<Bench, 'model' | 'readers'>,
  servers: Bench['servers'],
  asked: readonly Asked[],
) {
  const done = readers.hears('read')
  readers.tell({ type: 'read', urls: servers.map(({ url }) => url), asked })
  const { answers } = await done
  const collected = model.hears('sent')
  model.tell({ type: 'collect' })
  return { answers, sent: (await collected).answers }
}

export async function readStreams({ streams = 0 }: Step, bench: Bench): Promise<StreamFigures> {
  const { model, readers, servers, seconds } = bench
  model.tell({ type: 'begin', tokensPerSecond: TOKENS_PER_SECOND, tokens: seconds * TOKENS_PER_SECOND })
  const began = clockMs() + LEAD_MS
  const arrived = began + seconds * 1_000 * ARRIVING
  const all: Window = { from: arrived + SETTLE_MS, to: began + seconds * 1_000 }
  const draw = random(bench.seed)
  const asked = Array.from({ length: streams }, () => ({
    question: bench.questions[Math.floor(draw() * bench.questions.length)] ?? '',
    dueAt: began + draw() * (arrived - began),
  }))
  const exchanged = exchange({ model, readers }, servers, asked)
  const before = cpuOf(bench)
  await until(all.from)
  const start = cpuOf(bench)
  await until(all.to)
  const end = cpuOf(bench)
  const resident = servers.map(({ pid }) => residentMb(pid))
  const { answers, sent } = await exchanged
  const tokens = tokensIn(all, sent)
  const arriving = { from: began, to: arrived }
  return {
    streams,
    delayMs: spreadOf(delaysIn(all, sent, answers)),
    arrivingDelayMs: spreadOf(delaysIn(arriving, sent, answers)),
    firstEventMs: spreadOf(answers.map(({ firstEventMs }) => firstEventMs ?? Number.POSITIVE_INFINITY)),
    firstTextMs: spreadOf(answers.map(({ firstTextMs }) => firstTextMs ?? Number.POSITIVE_INFINITY)),
    tokensPerSecond: (tokens / (all.to - all.from)) * 1_000,
    eventsPerSecond: (tokensIn(all, answers) / (all.to - all.from)) * 1_000,
    cpuUsPerToken: each(start, end, tokens),
    cpuUsPerArrival: each(before, start, streams),
    residentMb: resident,
    ends: countEnds(answers),
  }
}

async function until(at: number): Promise<void> {
  await wait(Math.max(0, at - clockMs()))
}

type Cpu = Readonly<Record<string, number>>

export function cpuOf({ servers, databasePids, model, readers }: Bench): Cpu {
  return {
    server: cpuUs(servers.map(({ pid }) => pid)),
    ...(databasePids && { database: cpuUs(databasePids()) }),
    model: cpuUs([model.pid]),
    readers: cpuUs([readers.pid]),
  }
}

export function each(from: Cpu, to: Cpu, count: number): Cpu {
  return Object.fromEntries(Object.entries(to).map(([name, us]) => [name, (us - (from[name] ?? 0)) / count]))
}

function countEnds(answers: readonly Read[]): Record<string, number> {
  const ends: Record<string, number> = {}
  for (const { end } of answers) ends[end] = (ends[end] ?? 0) + 1
  return ends
}
