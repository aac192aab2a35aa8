// Real processes of ours: started with nothing but the settings given, watched by what they write, always ended.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
// A process of ours takes 0.9 s to load compiled and 2.5 s to compile (two busy cores).
const compiled = join(root, 'node_modules/.cache/footnote-test-compiled')

export type Running = {
  readonly pid: number
  /** what it reads; null unless asked for */
  readonly stdin: Writable | null
  /** everything written so far */
  readonly stdout: () => string
  readonly stderr: () => string
  /** The first match in stderr; fails with all that was written when the process ends before. */
  readonly says: (pattern: RegExp) => Promise<RegExpMatchArray>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Kills it, and waits until it is gone: then its folders may go. */
  readonly end: () => Promise<void>
  /** the exit code, null when a signal ended it */
  readonly ended: Promise<number | null>
}

const started: Running[] = []
afterAll(async () => {
  for (const { end } of started) await end()
})

/** `node <file> <args>` in the root of the project. */
export function start(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: 'ignore' | 'pipe' = 'ignore',
): Running {
  // As in vitest.config.ts: most of them live too briefly for WebAssembly that is optimized.
  const child = spawn(process.execPath, ['--liftoff-only', file, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: compiled, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
  let isOver = false
  const ended = once(child, 'close').then(([code]) => {
    isOver = true
    return code as number | null
  })
  const running: Running = {
    pid: child.pid!,
    stdin: child.stdin,
    stdout: () => stdout,
    stderr: () => stderr,
    says: async (pattern) => {
      for (;;) {
        const match = pattern.exec(stderr)
        if (match) return match
        if (isOver) throw new Error(`It ended without saying ${String(pattern)}:\n${stderr}`)
        await Promise.race([once(child.stderr, 'data'), ended])
      }
    },
    kill: (signal) => child.kill(signal),
    end: async () => {
      child.kill('SIGKILL')
      await ended
    },
    ended,
  }
  started.push(running)
  return running
}

export type Settings = Readonly<Record<string, string>>
export type Server = Running & { readonly url: string }

/** npm start, on a port of its own, up to its greeting. */
export async function startServer(settings: Settings): Promise<Server> {
  const running = start('server/main.ts', [], { PORT: '0', ...settings })
  const [, url = ''] = await running.says(/Footnote is ready: (http:\S+)[\s\S]*curl/)
  return { ...running, url }
}

/** npm run worker, until it takes documents. */
export async function startLearning(settings: Settings, ...args: string[]): Promise<Running> {
  const running = start('cli/main.ts', ['worker', ...args], settings)
  await running.says(/this worker learns/)
  return running
}

export type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** npm run ask, search or ingest, to its end. */
export async function runCommand(args: readonly string[], settings: Settings): Promise<Ran> {
  const running = start('cli/main.ts', args, settings)
  const code = await running.ended
  return { code, stdout: running.stdout(), stderr: running.stderr() }
}
