// The processes of a load test: started, watched in /proc, ended. CPU and memory are the kernel's own counts.
import { type ChildProcess, execFile, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { AppError, InputError } from '../../core/errors.ts'

const root = join(import.meta.dirname, '../..')

/** A model or readers, who are told what to do and tell what came of it. */
export type Peer<Order, News extends { readonly type: string }> = {
  readonly pid: number
  readonly tell: (order: Order) => void
  readonly hears: <Type extends News['type']>(type: Type) => Promise<Extract<News, { type: Type }>>
  readonly end: () => Promise<void>
}

export function startPeer<Order extends object, News extends { readonly type: string }>(
  role: 'model' | 'readers',
): Peer<Order, News> {
  const child = fork(join(import.meta.dirname, 'main.ts'), [role], { cwd: root, serialization: 'advanced' })
  // Each that is waited for listens for the end of the process as well.
  child.setMaxListeners(0)
  return {
    pid: pidOf(child),
    tell: (order) => void child.send(order),
    hears: async (type) => {
      for (;;) {
        const [news] = (await Promise.race([once(child, 'message'), died(child, role)])) as [News]
        if (news.type === type) return news as Extract<News, { type: typeof type }>
      }
    },
    end: async () => await ended(child, 'SIGKILL'),
  }
}

export type Server = { readonly pid: number; readonly url: string; readonly end: () => Promise<void> }

/** `npm start` with these settings and no others, up to its greeting. `profileDir`: where it leaves a profile at its end. */
export async function startServer(
  settings: Readonly<Record<string, string>>,
  profileDir: string | undefined,
): Promise<Server> {
  const profiling = profileDir ? ['--cpu-prof', '--cpu-prof-dir', profileDir] : []
  const child = spawn(process.execPath, [...profiling, 'server/main.ts'], {
    cwd: root,
    env: { PORT: '0', LOG_LEVEL: 'error', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-10_000)))
  for (;;) {
    const [, port] = /Footnote is ready: \S+:(\d+)[\s\S]*curl/.exec(said) ?? []
    if (port)
      return { pid: pidOf(child), url: `http://127.0.0.1:${port}`, end: async () => await ended(child, 'SIGTERM') }
    if (child.exitCode !== null) throw new AppError('bench-failed', `The server did not start:\n${said}`)
    await Promise.race([once(child.stderr, 'data'), once(child, 'exit')])
  }
}

/** What a command of ours prints, with these settings and no others. */
export async function commandOutput(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['cli/main.ts', ...args], { cwd: root, env: settings })
  return stdout
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new AppError('bench-failed', 'A process could not be started.')
  return pid
}

async function died(child: ChildProcess, role: string): Promise<never> {
  await once(child, 'exit')
  throw new AppError('bench-failed', `The process of the ${role} ended too soon.`)
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

// The kernel counts in hundredths of a second (USER_HZ), whatever its own clock does.
const TICK_US = 10_000

/** CPU time of these processes and of the children that they have waited for. */
export function cpuUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const [utime = 0, stime = 0, ofEndedUser = 0, ofEndedSystem = 0] = statOf(pid).slice(11, 15).map(Number)
    return sum + (utime + stime + ofEndedUser + ofEndedSystem) * TICK_US
  }, 0)
}

/** What stands behind the name of the program, which may hold spaces. The first is its state, the second its parent. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

export function residentMb(pid: number): number {
  const [, kb] = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1e3
}

/** All processes of the database, when it runs on this machine; null when it does not. */
export async function databasePids(url: string): Promise<(() => number[]) | null> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const [, parent] = statOf(rows[0]?.pid ?? 0)
  const isHere = isPostgres(rows[0]?.pid ?? 0)
  await client.end()
  if (!isHere || parent === undefined) return null
  const postmaster = Number(parent)
  return () => [postmaster, ...numbersIn('/proc').filter((pid) => statOf(pid)[1] === parent)]
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')
  } catch {
    return false
  }
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}

// A reader is one socket of its process and two of the server's: its own, and the one to the model.
const OPEN_FILES_BESIDE = 200
const MOST_SOCKETS = 2_500

/** Throws InputError when there are more sockets than a test may have, or than a process here may open. */
export function checkSockets(streams: number): void {
  if (streams > MOST_SOCKETS) throw new InputError('bad-argument', `--streams is at most ${MOST_SOCKETS}.`)
  const [, limit] = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  const needed = 2 * streams + OPEN_FILES_BESIDE
  if (Number(limit) < needed)
    throw new InputError(
      'bad-argument',
      `${streams} streams need ${needed} open files, and ${limit} are allowed (ulimit -n).`,
    )
}
