// What is read when somebody asks for the metrics: the database, the sources, the process. Nobody asks, nobody pays.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Store } from '../../core/ports.ts'
import type { Syncing } from '../../core/syncs.ts'
import { within } from '../../core/waiting.ts'

export type Gauged = {
  readonly store: Pick<Store, 'reports' | 'connections'>
  readonly syncing: Pick<Syncing, 'list' | 'origins'>
  readonly library: string
}

// A scrape is given up after 10 s by default, and of a database that hangs it is the first that should tell.
const PATIENCE_MS = 2_000
// One has ended among so many, unless as many run at once.
const LOOKED_BACK = 20

export function openGauges(registry: Registry) {
  const stored = openStored(registry)
  const readProcess = openProcess(registry)
  return {
    read: async (gauged: Gauged) => {
      readProcess()
      for (const [state, count] of Object.entries(gauged.store.connections())) stored.connections.set({ state }, count)
      let isUp = false
      await within(
        PATIENCE_MS,
        readStored(gauged, stored).then(
          () => (isUp = true),
          () => {},
        ),
      )
      stored.up.set(isUp ? 1 : 0)
    },
  }
}

function openStored(registry: Registry) {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `footnote_${name}`, help, labelNames, registers: [registry] })
  return {
    up: gauge('database_up', '1: it answered just now.'),
    connections: gauge('database_connections', 'Connections of this process, and who waits for one.', 'state'),
    waiting: gauge('jobs_waiting', 'Tasks of the inbox that nobody does yet.'),
    running: gauge('syncs_running', 'Syncs under way.'),
    lastOk: gauge('last_sync_ok', '1: the last sync that ended was finished, without a failure.'),
    lastEnd: gauge('last_sync_end_timestamp_seconds', 'When it ended.'),
    overdue: gauge('source_overdue_seconds', 'How long ago a source should have been read.', 'source'),
  }
}

/** Figures of the last time stay when the database does not answer; `database_up` says that they are old. */
async function readStored({ store, syncing, library }: Gauged, stored: ReturnType<typeof openStored>): Promise<void> {
  const [waiting, syncs, sources] = await Promise.all([
    store.reports.waiting(library),
    syncing.list(LOOKED_BACK),
    syncing.origins(),
  ])
  stored.waiting.set(waiting)
  stored.running.set(syncs.filter(({ state }) => state === 'running').length)
  const last = syncs.find(({ state }) => state !== 'running')
  if (last) {
    stored.lastOk.set(last.state === 'finished' && last.report.failed === 0 ? 1 : 0)
    stored.lastEnd.set(Date.parse(last.endedAt ?? last.beganAt) / 1000)
  }
  // Sources come and go with sources.yaml.
  stored.overdue.reset()
  for (const { name: source, nextAt } of sources)
    if (nextAt !== null) stored.overdue.set({ source }, Math.max(0, Date.now() - Date.parse(nextAt)) / 1000)
}

/** Under the names that dashboards know; the lag is that since it was asked for last. */
function openProcess(registry: Registry): () => void {
  const registers = [registry]
  const cpu = new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time of the process.', registers })
  const memory = new Gauge({ name: 'process_resident_memory_bytes', help: 'Memory of the process.', registers })
  const start = new Gauge({ name: 'process_start_time_seconds', help: 'When the process began.', registers })
  const lag = new Gauge({
    name: 'footnote_event_loop_lag_seconds',
    help: 'How late timers were since this was asked for last.',
    labelNames: ['quantile'],
    registers,
  })
  start.set(performance.timeOrigin / 1000)
  // Its timer runs in the background, and only for those who ask.
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  return () => {
    const { user, system } = process.cpuUsage()
    cpu.reset()
    cpu.inc((user + system) / 1e6)
    memory.set(process.memoryUsage.rss())
    for (const quantile of [50, 99, 100])
      lag.set({ quantile: String(quantile / 100) }, lateness(delay.percentile(quantile)))
    delay.reset()
    delay.enable()
  }
}

const RESOLUTION_MS = 10

/** Of nanoseconds between two timers what is more than they were set for; nothing yet counts as none. */
function lateness(ns: number): number {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS) / 1000
}
