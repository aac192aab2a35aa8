// Real processes for tests that kill them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type Child = {
  readonly process: ChildProcess
  /** what it has written so far, line by line */
  readonly lines: readonly string[]
  /** the next line it writes, null when it has ended */
  readonly nextLine: () => Promise<string | null>
  /** resolves when it is gone and everything it wrote has been read */
  readonly ended: Promise<unknown>
  readonly kill: () => Promise<void>
}

/** Runs `test/support/<name>` with this Node. Its faults go to this process's stderr. */
export function startChild(name: string, args: readonly string[]): Child {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(line))
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')])
  let read = 0
  return {
    process: child,
    lines,
    nextLine: async () => {
      if (read === lines.length) await Promise.race([once(reader, 'line'), ended])
      return lines[read++] ?? null
    },
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
