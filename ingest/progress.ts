// What a person sees while documents are learned: a bar on a terminal, plain lines elsewhere, faults by name.
import { Presets, SingleBar } from 'cli-progress'
import type { IngestEvent, IngestReport } from '../core/types.ts'
import { openTally } from './tally.ts'

export type ProgressSink = {
  readonly stream: NodeJS.WriteStream
  /** shows the bar; without it only faults and the closing line are written */
  readonly interactive: boolean
}

/** Follows an ingest to its end and returns its report. Throws what the ingest throws. */
export async function showIngest(events: AsyncIterable<IngestEvent>, sink: ProgressSink): Promise<IngestReport> {
  const bar = createBar(sink)
  const lines: string[] = []
  let report: IngestReport | null = null
  try {
    for await (const event of events) {
      if (event.type === 'finished') report = event.report
      else bar.step(event)
      lines.push(...linesOf(event))
    }
  } finally {
    bar.stop()
  }
  if (!report) throw new Error('The ingest ended without a report.')
  for (const line of lines) sink.stream.write(`${line}\n`)
  sink.stream.write(`${summary(report)}\n`)
  return report
}

/** What a person may have to act on, and what left the library. */
function linesOf(event: IngestEvent): string[] {
  if (event.type === 'failed') return [`  not learned: ${event.message} (${event.code})`]
  if (event.type === 'removed') return [`  removed: ${event.source}`]
  if (event.type === 'kept') return [`  not removed: ${event.message}`]
  if (event.type !== 'found') return []
  return event.skipped.map(({ source, reason }) => `  skipped: ${source}: ${reason}`)
}

/** One line: what was learned, how much, how fast. */
export function summary(report: IngestReport): string {
  const counts = (['learned', 'changed', 'restored', 'removed', 'unchanged', 'failed', 'skipped'] as const)
    .filter((key) => report[key] > 0)
    .map((key) => `${report[key]} ${key}`)
  if (report.kept > 0) counts.push(`${report.kept} gone but kept`)
  const worked = report.learned + report.changed + report.restored > 0
  const work = worked ? ` · ${report.chunks} chunks, ${report.embedded} embedded${spent(report)}` : ''
  const speed = worked ? `, ${size(report.bytes / (Math.max(1, report.ms) / 1000))}/s` : ''
  return `Documents: ${counts.join(', ') || 'none found'}${work} · ${(report.ms / 1000).toFixed(1)} s${speed}`
}

/** Nothing for the built-in embedder, and no price where nobody knows it. */
function spent({ tokens, usd }: Pick<IngestReport, 'tokens' | 'usd'>): string {
  if (tokens === 0) return ''
  return ` · ${tokens} tokens${usd === null ? '' : `, $${usd.toFixed(4)}`}`
}

function createBar({ stream, interactive }: ProgressSink) {
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
  const began = performance.now()
  const tally = openTally(undefined)
  let reading = ''
  let isShown = false
  const sums = { chunks: 0, tokens: 0, bytes: 0 }
  const shown = () => ({
    reading,
    chunks: sums.chunks,
    // What it costs is known in the end; a price per token is none of a bar's business.
    spent: spent({ tokens: sums.tokens, usd: null }),
    speed: size(sums.bytes / Math.max(0.001, (performance.now() - began) / 1000)),
  })
  return {
    step: (event: IngestEvent) => {
      tally.add(event)
      if (event.type === 'reading') reading = `${event.name} `
      for (const key of ['chunks', 'tokens', 'bytes'] as const)
        if (key in event) sums[key] += Number(event[key as keyof IngestEvent])
      if (!interactive || tally.total() === 0) return
      if (!isShown) bar.start(tally.total(), tally.done(), shown())
      isShown = true
      bar.setTotal(tally.total())
      bar.update(tally.done(), shown())
    },
    stop: () => {
      if (interactive) bar.stop()
    },
  }
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
