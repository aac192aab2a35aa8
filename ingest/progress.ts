// What a person sees while documents are learned: a bar on a terminal, a line now and then in a log, faults by name.
import { Presets, SingleBar } from 'cli-progress'
import type { IngestEvent, IngestReport } from '../core/types.ts'
import { openTally } from './tally.ts'

export type ProgressSink = {
  readonly stream: NodeJS.WriteStream
  /** shows the bar; without it a line now and then, faults and the closing line are written */
  readonly interactive: boolean
  /** What embedding has cost so far; null: nobody knows. Left out: nobody is asked. */
  readonly usdSoFar?: () => Promise<number | null>
  readonly everyMs?: number
}

// Often enough for whoever watches a log, and 360 lines an hour.
const LINE_MS = 10_000
const ASK_MS = 2_000

/** Follows an ingest to its end and returns its report. Throws what the ingest throws. */
export async function showIngest(events: AsyncIterable<IngestEvent>, sink: ProgressSink): Promise<IngestReport> {
  const soFar = openFigures(sink)
  const bar = createBar(sink, soFar)
  const plain = sink.interactive ? null : openLines(sink, () => soFar.line())
  const lines: string[] = []
  let report: IngestReport | null = null
  try {
    for await (const event of events) {
      if (event.type === 'finished') report = event.report
      else {
        soFar.add(event)
        bar.step()
      }
      lines.push(...linesOf(event))
    }
  } finally {
    soFar.stop()
    bar.stop()
    plain?.stop()
    // Also of one that breaks off: what failed has failed.
    for (const line of lines) sink.stream.write(`${line}\n`)
  }
  if (!report) throw new Error('The ingest ended without a report.')
  sink.stream.write(`${summary(report)}\n`)
  return report
}

/** A line now and then, for logs; none for what is over sooner. */
export function openLines(
  { stream, everyMs = LINE_MS }: Pick<ProgressSink, 'stream' | 'everyMs'>,
  line: () => string | null,
): { readonly stop: () => void; readonly wrote: () => boolean } {
  let wrote = false
  const timer = setInterval(() => {
    const text = line()
    if (text === null) return
    wrote = true
    stream.write(`${text}\n`)
  }, everyMs)
  return { stop: () => clearInterval(timer), wrote: () => wrote }
}

/** At the speed so far; empty when nothing is done yet, or nothing is left. */
export function timeLeft(done: number, total: number, elapsedMs: number): string {
  if (done === 0 || done >= total) return ''
  const seconds = Math.ceil((elapsedMs / done) * (total - done) * 0.001)
  if (seconds < 120) return ` · about ${seconds} s left`
  return seconds < 7200
    ? ` · about ${Math.round(seconds / 60)} min left`
    : ` · about ${Math.round(seconds / 3600)} h left`
}

/** What a person may have to act on, and what left the library. */
function linesOf(event: IngestEvent): string[] {
  if (event.type === 'failed') return [`  not learned: ${event.message} (${event.code})`]
  if (event.type === 'removed') return [`  removed: ${event.source}`]
  if (event.type === 'kept') return [`  not removed: ${event.message}`]
  if ('note' in event) return [`  note: ${event.source}: ${event.note}`]
  if (event.type !== 'found') return []
  return event.skipped.map(({ source, reason }) => `  skipped: ${source}: ${reason}`)
}

/** One line: what was learned, how much, how fast. `cut`: of one that did not come to its end. */
export function summary(report: IngestReport, cut?: { readonly done: number; readonly total: number }): string {
  const counts = (['learned', 'changed', 'restored', 'removed', 'unchanged', 'failed', 'skipped'] as const)
    .filter((key) => report[key] > 0)
    .map((key) => `${report[key]} ${key}`)
  if (report.kept > 0) counts.push(`${report.kept} gone but kept`)
  const worked = report.learned + report.changed + report.restored > 0
  const work = worked ? ` · ${report.chunks} chunks, ${report.embedded} embedded${spent(report)}` : ''
  const speed = worked ? `, ${size(report.bytes / (Math.max(1, report.ms) / 1000))}/s` : ''
  const some = cut ? ` (${cut.done} of ${cut.total} done)` : ''
  const none = cut && cut.total > 0 ? 'none learned' : 'none found'
  return `Documents${some}: ${counts.join(', ') || none}${work} · ${(report.ms / 1000).toFixed(1)} s${speed}`
}

/** Nothing for the built-in embedder, and no price where nobody knows it. */
function spent({ tokens, usd }: Pick<IngestReport, 'tokens' | 'usd'>): string {
  if (tokens === 0) return ''
  return ` · ${tokens} tokens${usd === null ? '' : `, $${usd.toFixed(4)}`}`
}

type Figures = {
  readonly add: (event: IngestEvent) => void
  readonly total: () => number
  readonly done: () => number
  readonly shown: () => { reading: string; chunks: number; spent: string; speed: string }
  /** null: nothing was found yet */
  readonly line: () => string | null
  readonly stop: () => void
}

function openFigures({ usdSoFar }: ProgressSink): Figures {
  const began = performance.now()
  const tally = openTally(undefined)
  let usd: number | null = null
  // The server knows the price, and a sync of the built-in embedder has none to be asked for.
  const asking =
    usdSoFar &&
    setInterval(() => {
      if (tally.report().tokens > 0)
        usdSoFar().then(
          (known) => (usd = known),
          () => {},
        )
    }, ASK_MS).unref()
  const shown = () => {
    const { chunks, tokens, bytes } = tally.report()
    const speed = size(bytes / Math.max(0.001, (performance.now() - began) / 1000))
    const reading = tally.reading()
    return { reading: reading === null ? '' : `${reading} `, chunks, spent: spent({ tokens, usd }), speed }
  }
  return {
    add: tally.add,
    total: tally.total,
    done: tally.done,
    shown,
    line: () => {
      const [done, total] = [tally.done(), tally.total()]
      if (total === 0) return null
      const { reading, chunks, spent: cost, speed } = shown()
      const left = timeLeft(done, total, performance.now() - began)
      return `  ${reading}${done} of ${total} documents · ${chunks} chunks${cost} · ${speed}/s${left}`
    },
    stop: () => clearInterval(asking),
  }
}

function createBar({ stream, interactive }: ProgressSink, { total, done, shown }: Figures) {
  const bar = new SingleBar(
    {
      format: '  {bar} {reading}{value}/{total} files · {chunks} chunks{spent} · {speed}/s · {eta_formatted} left',
      stream,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 50,
    },
    Presets.shades_classic,
  )
  let isShown = false
  return {
    step: () => {
      if (!interactive || total() === 0) return
      if (!isShown) bar.start(total(), done(), shown())
      isShown = true
      bar.setTotal(total())
      bar.update(done(), shown())
    },
    stop: () => {
      if (interactive) bar.stop()
    },
  }
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
