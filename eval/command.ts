// What a command of `npm run eval` is given, and what it gives back.
import { createHash } from 'node:crypto'
import { InputError } from '../core/errors.ts'
import type { DocumentStore, DocumentText, Generator } from '../core/ports.ts'
import type { ParsedDocument } from '../core/types.ts'
import type { AnswerDeps } from '../server/answer/answer.ts'

/** Learns files and folders as a library of this name, and gives what answers from it. */
export type Learn = (
  library: string,
  paths: readonly string[],
  how?: {
    readonly quiet?: boolean
    readonly chunkSize?: number
    /** what to learn instead of what was parsed */
    readonly prepare?: (parsed: ParsedDocument) => ParsedDocument
  },
) => Promise<AnswerDeps>

/** Lines for stdout. What it reads from `path` is somebody else's: its docstring names source and definitions. */
export type Command = (path: string, options: Options, learn: Learn, signal: AbortSignal) => Promise<string[]>

/** Questions, and the folder of documents that they are asked of. */
export type Paths = { readonly set: string; readonly library: string }

/** Lines for stdout, of questions of one's own over documents of one's own. */
export type OwnCommand = (paths: Paths, options: Options, learn: Learn, signal: AbortSignal) => Promise<string[]>

/** Lines for stdout about runs that were written before or are made for it, and the exit code. */
export type RunCommand = (
  files: readonly string[],
  paths: Paths,
  options: Options,
  learn: Learn,
  signal: AbortSignal,
) => Promise<readonly [lines: string[], exitCode: number]>

/** Lines for stdout, of what a model has judged. `generator` opens the configured one; throws InputError without one. */
export type JudgeCommand = (
  files: readonly string[],
  options: Options,
  open: { readonly generator: (temperature: number | null) => Promise<Generator>; readonly learn: Learn },
  signal: AbortSignal,
) => Promise<string[]>

/** As they were written; each command reads its own. */
export type Options = {
  readonly half?: string
  readonly only?: string
  readonly sample?: string
  readonly seed?: string
  readonly size?: string
  readonly parallel?: string
  readonly run?: string
  readonly cache?: string
  readonly url?: string
  readonly database?: string
  readonly key?: string
  readonly baseline?: string
  readonly library?: string
  readonly failures?: boolean
  readonly fresh?: boolean
  readonly update?: boolean
  readonly judge?: boolean
  readonly check?: boolean
  readonly cases?: string
  readonly date?: string
  readonly clapnq?: string
  readonly squad?: string
  readonly ridge?: string
  readonly out?: string
  readonly wice?: string
  readonly planted?: string
  readonly temperature?: string
  readonly scorecards?: string
  readonly 'judge-cache'?: string
}

export type Half = 'a' | 'b'

/** Half of a set by the hash of an id: the same on every machine, whatever else is in the set. */
export function halfOf(id: string): Half {
  return (createHash('sha256').update(id).digest()[0] ?? 0) % 2 === 0 ? 'a' : 'b'
}

/** For whoever waits: stdout is for the figures. */
export function say(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** The value of an option that counts something. Throws InputError that names it. */
export function readCount(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new InputError('usage', `--${name} is ${JSON.stringify(text)}: give a whole number from 1 to 9999999.`)
  return Number(text)
}

// Less than a sentence can be neither found nor quoted.
const LEAST_SIZE = 100

/** The value of --size, in characters. */
export function readSize(text: string): number {
  const size = readCount('size', text)
  if (size < LEAST_SIZE) throw new InputError('usage', `--size is ${size}: give at least ${LEAST_SIZE} characters.`)
  return size
}

/** The documents of a folder as they were learned, under a name that is only for this. */
export async function readDocuments(library: string, folder: string, learn: Learn): Promise<DocumentText[]> {
  const { documents } = await learn(library, [folder], { quiet: true })
  return await documentsOf(library, documents)
}

/** Every document of a library in its current revision. */
export async function documentsOf(library: string, documents: DocumentStore): Promise<DocumentText[]> {
  const found: DocumentText[] = []
  for (let page = await documents.list(library, 200); page.length > 0;) {
    for (const { id } of page) found.push(...[await documents.find(library, id)].filter((each) => each !== null))
    page = await documents.list(library, 200, page.at(-1)?.id)
  }
  return found
}
