// Reads documents in a child process: one at a time, with limits of time and memory, read access to this program's own
// code and to nothing else. A child that fails is killed and its file is refused; the next file gets a new one.
import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { z } from 'zod'
import { SourceError } from '../../core/errors.ts'
import type { ParsedDocument } from '../../core/types.ts'
import { type Kind, kindOf } from './kind.ts'

export type Reader = {
  /** `expected` is what the bytes should be, where the name of the source does not say it. */
  read(source: string, bytes: Uint8Array, signal: AbortSignal, expected?: Kind | null): Promise<ParsedDocument>
}

type Limits = {
  readonly deadlineMs: number
  /** of JavaScript's own objects */
  readonly heapMb: number
  /** of the whole process */
  readonly memoryMb: number
  /** how long a child without work is kept */
  readonly idleMs: number
}

const usual: Limits = { deadlineMs: 30_000, heapMb: 512, memoryMb: 1024, idleMs: 5000 }

/** What a child is asked. Its answer is a `Reply`. */
export type Request = { readonly source: string; readonly bytes: Uint8Array; readonly expected: Kind | null }

const span = z.object({ start: z.int().nonnegative(), end: z.int().nonnegative() })
const parsed = z.object({
  title: z.string(),
  text: z.string(),
  outline: z.array(z.object({ level: z.int(), title: z.string(), span })),
  boilerplate: z.array(span),
  url: z.string().nullable(),
  publishedAt: z.string().nullable(),
  authors: z.array(z.string()),
  audience: z.array(z.string()),
  pages: z.array(z.int().nonnegative()).optional(),
})
// The child has read what a stranger wrote: what it says is checked like anything that comes in.
const reply = z.union([z.object({ parsed }), z.object({ code: z.string(), message: z.string() })])
export type Reply = { readonly parsed: ParsedDocument } | { readonly code: string; readonly message: string }

export function openReader(limits: Partial<Limits> = {}): Reader {
  const bounds = { ...usual, ...limits }
  let child: ChildProcess | null = null
  let idle: NodeJS.Timeout | undefined
  let queue: Promise<unknown> = Promise.resolve()
  const readNext = async (request: Request, signal: AbortSignal) => {
    signal.throwIfAborted()
    clearTimeout(idle)
    const current = child?.connected ? child : await start(bounds)
    child = current
    try {
      const answer = await ask(current, request, bounds, signal)
      // An idle child keeps nobody alive, and ends after a while.
      rest(current)
      idle = setTimeout(() => {
        child = null
        current.kill('SIGKILL')
      }, bounds.idleMs).unref()
      return answer
    } catch (error) {
      current.kill('SIGKILL')
      child = null
      throw error
    }
  }
  return {
    read: async (source, bytes, signal, expected = kindOf(source)) => {
      const answer = queue.then(async () => await readNext({ source, bytes, expected }, signal))
      queue = answer.catch(() => null)
      const read = await answer
      if ('parsed' in read) return withoutUndefined(read.parsed)
      throw new SourceError(read.code, source, read.message)
    },
  }
}

/** Node's own permissions: no files but these, no programs. The network is closed by apart-child.ts. */
export function confinement(heapMb: number): string[] {
  const root = path.resolve(import.meta.dirname, '../..')
  const readable = ['core', 'ingest', 'node_modules', 'package.json'].map((name) => path.join(root, name))
  return [
    '--permission',
    ...readable.map((place) => `--allow-fs-read=${place}`),
    '--allow-worker',
    `--max-old-space-size=${heapMb}`,
  ]
}

async function start({ heapMb, memoryMb }: Limits): Promise<ChildProcess> {
  const child = fork(new URL('./apart-child.ts', import.meta.url), [String(memoryMb)], {
    execArgv: confinement(heapMb),
    env: {},
    serialization: 'advanced',
    // What it prints about a broken file is nothing that we say, and what it prints as it dies we know.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`the reading process did not start (${code ?? signal})`)))
  })
  child.removeAllListeners()
  return child
}

async function ask(
  child: ChildProcess,
  request: Request,
  limits: Limits,
  signal: AbortSignal,
): Promise<z.output<typeof reply>> {
  // It may have left while the child was started.
  signal.throwIfAborted()
  child.ref()
  child.channel?.ref()
  const { source } = request
  const seconds = limits.deadlineMs / 1000
  return await new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      child.removeAllListeners()
      // One that is killed may still fail to be written to.
      child.on('error', () => null)
      finish()
    }
    const refuse = (code: string, message: string) => settle(() => reject(new SourceError(code, source, message)))
    const timer = setTimeout(
      () => refuse('too-slow', `${source} took more than ${seconds} s to read: split it, or save it as plain text`),
      limits.deadlineMs,
    )
    const abort = () => settle(() => reject(signal.reason as Error))
    signal.addEventListener('abort', abort)
    child.on('message', (message) => {
      const checked = reply.safeParse(message)
      if (checked.success) settle(() => resolve(checked.data))
      else refuse('unreadable', `${source} made its reader say what cannot be: save it as plain text`)
    })
    child.on('error', () => refuse('unreadable', `${source} could not be handed to its reader: learn it again`))
    child.on('exit', (code, by) => {
      if (by !== null || code === 134)
        refuse(
          'too-much-memory',
          `${source} takes more than ${limits.memoryMb} MB of memory to read: split it, or save it as plain text`,
        )
      else refuse('unreadable', `${source} ended its reader (${code}): save it as plain text`)
    })
    child.send(request, (error) => {
      if (error) refuse('unreadable', `${source} could not be handed to its reader (${error.message}): learn it again`)
    })
  })
}

function rest(child: ChildProcess): void {
  child.unref()
  child.channel?.unref()
}

function withoutUndefined({ pages, ...rest }: z.output<typeof parsed>): ParsedDocument {
  return pages === undefined ? rest : { ...rest, pages }
}
