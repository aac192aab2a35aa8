// What processes of this machine have spent of its processors and memory, as Linux counts it.
import { readdir, readFile } from 'node:fs/promises'

// Of a second, in /proc: the same on every Linux.
const TICKS = 100

type Stat = { readonly parent: number; readonly own: number; readonly ofChildren: number }

/** Seconds of a process and of all its children, those that have ended among them; null where that cannot be read. */
export async function familySeconds(pid: number): Promise<number | null> {
  const head = await statOf(pid)
  if (!head) return null
  const stats = await Promise.all(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(async (name) => await statOf(Number(name))),
  )
  const children = stats.filter((stat) => stat?.parent === pid)
  return children.reduce((sum, stat) => sum + (stat?.own ?? 0), head.own + head.ofChildren)
}

export async function parentOf(pid: number): Promise<number | null> {
  return (await statOf(pid))?.parent ?? null
}

/** The most memory that a process had at once. */
export async function mostBytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  return Number(kilobytes) * 1_024
}

async function statOf(pid: number): Promise<Stat | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (line === null) return null
  // The name in parentheses may hold anything; behind it the fields are numbers, the third of the line first.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  return { parent: field(4), own: (field(14) + field(15)) / TICKS, ofChildren: (field(16) + field(17)) / TICKS }
}
