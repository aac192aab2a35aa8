// What a person sees while documents are learned: a bar on a terminal, plain lines elsewhere, faults by name.
import { Presets, SingleBar } from 'cli-progress'
import type { IngestEvent, IngestReport } from '../core/types.ts'

export type ProgressSink = {
  readonly stream: NodeJS.WriteStream
  /** shows the bar; without it only faults and the closing line are written */
  readonly interactive: boolean
}

/** Follows an ingest to its end and returns its report. Throws what the ingest throws. */
export async function showIngest(events: AsyncIterable<IngestEvent>, sink: ProgressSink): Promise<IngestReport> {
  const bar = createBar(sink)
  const faults: string[] = []
  let report: IngestReport | null = null
  try {
    for await (const event of events) {
      if (event.type === 'found') bar.start(event.files)
      else if (event.type === 'finished') report = event.report
      else bar.step(event)
      if (event.type === 'failed') faults.push(`  not learned: ${event.message} (${event.code})`)
      if (event.type === 'found')
        faults.push(...event.skipped.map(({ source, reason }) => `  skipped: ${source}: ${reason}`))
    }
  } finally {
    bar.stop()
  }
  if (!report) throw new Error('The ingest ended without a report.')
  for (const line of faults) sink.stream.write(`${line}\n`)
  sink.stream.write(`${summary(report)}\n`)
  return report
}

/** One line: what was learned, how much, how fast. */
export function summary(report: IngestReport): string {
  const counts = [
    report.learned > 0 && `${report.learned} learned`,
    report.unchanged > 0 && `${report.unchanged} unchanged`,
    report.failed > 0 && `${report.failed} failed`,
    report.skipped > 0 && `${report.skipped} skipped`,
  ].filter((part) => part !== false)
  const work = report.learned > 0 ? ` · ${report.chunks} chunks, ${report.embedded} embedded` : ''
  const speed = report.learned > 0 ? `, ${size(report.bytes / (Math.max(1, report.ms) / 1000))}/s` : ''
  return `Documents: ${counts.join(', ') || 'none found'}${work} · ${(report.ms / 1000).toFixed(1)} s${speed}`
}

function createBar({ stream, interactive }: ProgressSink) {
  const bar = new SingleBar(
    {
      format: '  {bar} {value}/{total} files · {chunks} chunks · {speed}/s · {eta_formatted} left',
      stream,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 50,
    },
    Presets.shades_classic,
  )
  let began = 0
  let chunks = 0
  let bytes = 0
  const shown = () => ({ chunks, speed: size(bytes / Math.max(0.001, (performance.now() - began) / 1000)) })
  return {
    start: (files: number) => {
      began = performance.now()
      if (interactive && files > 0) bar.start(files, 0, shown())
    },
    step: (event: IngestEvent) => {
      if ('chunks' in event) chunks += event.chunks
      if ('bytes' in event) bytes += event.bytes
      if (interactive) bar.increment(1, shown())
    },
    stop: () => {
      if (interactive) bar.stop()
    },
  }
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
