// How fast generated markdown is learned, end to end: read, parsed, chunked, embedded by the built-in embedder, indexed and
// saved; what each step costs a processor, and whether memory stays where it is.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { InputError } from '../../core/errors.ts'
import type { IngestEvent } from '../../core/types.ts'
import { article, type Vocabulary } from './markdown.ts'
import { type Course, followMemory, type Memory } from './memory.ts'

/** Seconds of processors that a step took for each MB of text. */
export type Costs = Readonly<Record<string, number>>

export type IngestBench = {
  readonly bytes: number
  readonly vocabulary: Vocabulary
  /** as `npm run ingest` does it */
  readonly learn: (folder: string) => AsyncIterable<IngestEvent>
  /** each step before the save alone, over some of these texts */
  readonly costs: (texts: readonly string[]) => Promise<Costs>
  /** seconds of processors so far, by who spent them */
  readonly cpu: () => Promise<Costs>
  /** hears how far it is */
  readonly say: (line: string) => void
}

export type IngestFigures = {
  readonly mb: number
  readonly documents: number
  readonly chunks: number
  readonly seconds: number
  /** of one MB, by step; the rest is what is left of all that was spent in processes of ours */
  readonly costs: Costs
  /** of one MB, by who spent it */
  readonly cpu: Costs
  readonly memory: Memory
  /** the same folder once more, nothing changed */
  readonly againSeconds: number
}

const MB = 1e6
// What the steps cost is measured over so many texts: about 5 MB.
const SAMPLED = 300

export async function benchIngest(bench: IngestBench): Promise<IngestFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-bench-'))
  try {
    const written = await writeArticles(bench, folder)
    const memory = followMemory()
    const before = await bench.cpu()
    const first = await learn(bench, folder, memory)
    const after = await bench.cpu()
    const course = memory.end()
    const mb = written.bytes / MB
    const cpu = mapOf(after, (seconds, who) => (seconds - (before[who] ?? 0)) / mb)
    const again = await learn(bench, folder, null)
    const costs = await bench.costs(written.sample)
    const known = Object.values(costs).reduce((sum, each) => sum + each, 0)
    return {
      mb,
      documents: first.documents,
      chunks: first.chunks,
      seconds: first.seconds,
      costs: { ...costs, 'the rest': (cpu['this process'] ?? 0) + (cpu['workers'] ?? 0) - known },
      cpu,
      memory: course,
      againSeconds: again.seconds,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

// A folder of a hundred files, as people keep them.
const IN_A_FOLDER = 100

async function writeArticles({ bytes: wanted, vocabulary, say }: IngestBench, folder: string) {
  const sample: string[] = []
  let bytes = 0
  for (let n = 0; bytes < wanted; n++) {
    const text = article(n, vocabulary)
    const path = join(folder, String(Math.floor(n / IN_A_FOLDER)), `${n}.md`)
    if (n % IN_A_FOLDER === 0) await mkdir(dirname(path))
    await writeFile(path, text)
    bytes += Buffer.byteLength(text)
    if (n < SAMPLED) sample.push(text)
  }
  say(`${(bytes / MB).toFixed(1)} MB of markdown written`)
  return { bytes, sample }
}

const SAY_EVERY_MS = 5_000

async function learn({ learn: events, say }: IngestBench, folder: string, memory: Course | null) {
  const began = performance.now()
  const sum = { documents: 0, chunks: 0, bytes: 0 }
  let said = began
  const seconds = () => (performance.now() - began) / 1000
  for await (const event of events(folder)) {
    if (event.type === 'failed') throw new InputError(event.code, event.message)
    if (event.type !== 'learned' && event.type !== 'unchanged') continue
    sum.documents++
    sum.bytes += event.bytes
    if (event.type === 'learned') sum.chunks += event.chunks
    memory?.at(sum.bytes)
    if (performance.now() - said < SAY_EVERY_MS) continue
    said = performance.now()
    const speed = sum.bytes / MB / seconds()
    say(
      `${(sum.bytes / MB).toFixed(0)} MB, ${speed.toFixed(2)} MB/s, ${(process.memoryUsage.rss() / MB).toFixed(0)} MB of memory`,
    )
  }
  return { ...sum, seconds: seconds() }
}

export function linesOf({ mb, documents, chunks, seconds, costs, cpu, memory, againSeconds }: IngestFigures): string[] {
  const per = (count: number) => (count / seconds).toFixed(count / seconds < 10 ? 2 : 0)
  return [
    `learned     ${mb.toFixed(1)} MB in ${seconds.toFixed(1)} s: ${per(mb)} MB/s, ${per(documents)} documents/s, ${per(chunks)} chunks/s`,
    `again       ${(mb / againSeconds).toFixed(1)} MB/s, nothing changed`,
    `CPU s/MB    ${listed(cpu)}`,
    `  by step   ${listed(costs)}`,
    `memory      at most ${(memory.mostBytes / MB).toFixed(0)} MB; in the second half ${(memory.slope * 1000).toFixed(0)} MB more for each GB of text`,
  ]
}

function mapOf(costs: Costs, to: (cost: number, name: string) => number): Costs {
  return Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, to(cost, name)]))
}

function listed(parts: Costs): string {
  return Object.entries(parts)
    .map(([name, cost]) => `${name} ${cost.toFixed(3)}`)
    .join(', ')
}
