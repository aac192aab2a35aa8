// A step of a load test, and its figures as a line to print.
import { InputError } from '../../core/errors.ts'
import type { Spread } from './figures.ts'
import type { ModelNews, ModelOrder } from './model.ts'
import type { Peer, Server } from './processes.ts'
import type { ReadersNews, ReadersOrder } from './readers.ts'

export type Step = { readonly streams?: number; readonly searches?: number }

export type Bench = {
  readonly servers: readonly Server[]
  readonly model: Peer<ModelOrder, ModelNews>
  readonly readers: Peer<ReadersOrder, ReadersNews>
  readonly databasePids: (() => number[]) | null
  readonly questions: readonly string[]
  readonly seconds: number
  readonly seed: number
}

/** CPU time in microseconds, of each kind of process. */
type Cpu = Readonly<Record<string, number>>

type Measured = StreamFigures | SearchFigures
/** `load`: what the machine had to do when the step began (the average of a minute): other work makes times longer. */
export type Figures = Measured & { readonly load: number }

export type StreamFigures = {
  readonly streams: number
  /** while all of them are read: from when the model sent a token until a reader had it */
  readonly delayMs: Spread
  /** … sent while readers still arrive */
  readonly arrivingDelayMs: Spread
  readonly firstEventMs: Spread
  readonly firstTextMs: Spread
  readonly tokensPerSecond: number
  readonly eventsPerSecond: number
  readonly cpuUsPerToken: Cpu
  /** until every reader had come */
  readonly cpuUsPerArrival: Cpu
  readonly residentMb: readonly number[]
  /** how the answers ended */
  readonly ends: Readonly<Record<string, number>>
}

export type SearchFigures = {
  readonly searches: number
  readonly ms: Spread
  readonly perSecond: number
  readonly failed: number
  readonly cpuUsPerSearch: Cpu
  readonly residentMb: readonly number[]
}

export function stepsOf(list: string): number[] {
  return list.split(',').flatMap((text) => {
    if (text.trim() === '') return []
    const step = Number(text)
    if (Number.isInteger(step) && step > 0) return [step]
    throw new InputError('bad-argument', `${JSON.stringify(text)} is no whole number above 0.`)
  })
}

export function shown(figures: Figures): string {
  return 'streams' in figures ? streamsShown(figures) : searchesShown(figures)
}

function streamsShown(figures: StreamFigures & { readonly load: number }): string {
  const { streams, delayMs, arrivingDelayMs, firstEventMs, firstTextMs, ends, load } = figures
  return `${streams} streams (load ${load.toFixed(1)})
  added delay       ${spread(delayMs)}; while they arrive ${spread(arrivingDelayMs)}
  first event       ${spread(firstEventMs)}; first text ${spread(firstTextMs)}
  a second          ${figures.tokensPerSecond.toFixed(0)} tokens, ${figures.eventsPerSecond.toFixed(0)} events
  CPU per token     ${cpuShown(figures.cpuUsPerToken)}
  CPU per arrival   ${cpuShown(figures.cpuUsPerArrival)}
  memory            ${memoryShown(figures.residentMb)}
  ended             ${Object.entries(ends)
    .map(([end, count]) => `${count} ${end}`)
    .join(', ')}`
}

function searchesShown(figures: SearchFigures & { readonly load: number }): string {
  return `${figures.searches} searches a second (load ${figures.load.toFixed(1)})
  time              ${spread(figures.ms)}
  a second          ${figures.perSecond.toFixed(0)}, ${figures.failed} failed
  CPU per search    ${cpuShown(figures.cpuUsPerSearch)}
  memory            ${memoryShown(figures.residentMb)}`
}

function spread({ p50, p99, max }: Spread): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, most ${max.toFixed(0)} ms`
}

function cpuShown(cpu: Cpu): string {
  return Object.entries(cpu)
    .map(([name, us]) => `${name} ${us.toFixed(0)} µs`)
    .join(', ')
}

function memoryShown(residentMb: readonly number[]): string {
  return residentMb.map((mb) => `${mb.toFixed(0)} MB`).join(', ')
}
