// Every act of a sync that another process could see (a statement, a commit, a call of the embedder, a file that is read)
// as a numbered point, and an end by SIGKILL just before or just after one of them.
import { appendFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { sep } from 'node:path'
import type { Embedder } from '../../core/ports.ts'
import type { Database, Query } from '../../store/database.ts'
import { wrapped } from './wrapped.ts'

export type When = 'before' | 'after'

export type Points = {
  /** Counts from now on. */
  readonly begin: () => void
  /** how many there were */
  readonly count: () => number
  /** The number of the point that is arrived at. */
  readonly arrive: () => number
  readonly leave: (point: number) => void
}

/** Ends this process at the point of this number; there is none of the number 0. */
export function openPoints(when: When, end: number): Points {
  let count = 0
  let isCounting = false
  const endAt = (point: number, now: When) => {
    if (point === end && now === when) process.kill(process.pid, 'SIGKILL')
  }
  return {
    begin: () => {
      isCounting = true
    },
    count: () => count,
    arrive: () => {
      const point = isCounting ? ++count : -1
      endAt(point, 'before')
      return point
    },
    leave: (point) => endAt(point, 'after'),
  }
}

async function around<Result>({ arrive, leave }: Points, act: () => Promise<Result>): Promise<Result> {
  const point = arrive()
  const result = await act()
  leave(point)
  return result
}

export function pointedDatabase(database: Database, points: Points): Database {
  const pointed =
    (query: Query): Query =>
    async (sql, parameters) =>
      await around(points, async () => await query(sql, parameters))
  return wrapped(database, ({ query, prepared, transaction }) => ({
    query: pointed(query),
    prepared: pointed(prepared),
    transaction: async (work, timeoutMs) => {
      let commit = -1
      const result = await transaction(async (query) => {
        const result = await work(pointed(query))
        commit = points.arrive()
        return result
      }, timeoutMs)
      points.leave(commit)
      return result
    },
  }))
}

/** Appends the texts of each call to this file, a line a call, before it is made: from then on it costs. */
export function pointedEmbedder(embedder: Embedder, file: string, points: Points): Embedder {
  return {
    ...embedder,
    embed: async (texts, kind, signal) =>
      await around(points, async () => {
        appendFileSync(file, `${JSON.stringify(texts)}\n`)
        return await embedder.embed(texts, kind, signal)
      }),
  }
}

/** Files below this folder, for the whole process. */
export function pointReads(folder: string, points: Points): void {
  const { readFile } = fs
  fs.readFile = (async (path: string, options: never) =>
    await (path.startsWith(folder + sep)
      ? around(points, async () => await readFile(path, options))
      : readFile(path, options))) as typeof readFile
  syncBuiltinESMExports()
}
