// How much of what was parsed is in memory at once, by this process's own hands and by a worker.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { DocumentStore } from '../../core/ports.ts'
import type { JobStore } from '../../core/jobs.ts'
import { openGate } from '../../ingest/gate.ts'
import { ownHands } from '../../ingest/hands.ts'
import { LEARNED_WITH } from '../../ingest/look.ts'
import { openAttempt } from '../../ingest/worker.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { emptyStore } from '../support/fake-store.ts'
import { never } from '../support/store-documents.ts'

/** Works that end when they are told to, and which of them were let in. */
function works(most: number) {
  const gate = openGate(most)
  const begun: number[] = []
  const ends = new Map<number, PromiseWithResolvers<void>>()
  const enter = async (id: number, characters: number | null, signal = never) =>
    await gate(async (hold) => {
      begun.push(id)
      if (characters !== null) hold(characters)
      const end = Promise.withResolvers<void>()
      ends.set(id, end)
      await end.promise
    }, signal)
  return { begun, ends, enter }
}

describe('the gate', () => {
  it('lets works in one after the other, and none while as much is held as may be', async () => {
    const { begun, ends, enter } = works(10)
    const all = [1, 2, 3, 4].map(async (id) => await enter(id, 5))
    await expect.poll(() => begun).toEqual([1, 2])
    await wait(20)
    expect(begun).toEqual([1, 2])
    ends.get(2)?.resolve()
    await expect.poll(() => begun).toEqual([1, 2, 3])
    ends.get(1)?.reject(new Error('not saved'))
    await expect.poll(() => begun).toEqual([1, 2, 3, 4])
    for (const end of ends.values()) end.resolve()
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
      'rejected',
      ...Array.from({ length: 3 }, () => 'fulfilled'),
    ])
  })

  it('lets one in that is larger than all together may be, alone', async () => {
    const { begun, ends, enter } = works(10)
    const all = [1, 2].map(async (id) => await enter(id, 1000))
    await expect.poll(() => begun).toEqual([1])
    ends.get(1)?.resolve()
    await expect.poll(() => begun).toEqual([1, 2])
    ends.get(2)?.resolve()
    await Promise.all(all)
  })

  it('is left by who waits and is aborted, and passed by who holds nothing in the end', async () => {
    const { begun, ends, enter } = works(10)
    const leaving = new AbortController()
    const first = enter(1, null)
    const second = enter(2, 5, leaving.signal)
    const third = enter(3, 5)
    leaving.abort(new Error('left'))
    await expect(second).rejects.toThrow('left')
    ends.get(1)?.resolve()
    await first
    await expect.poll(() => begun).toEqual([1, 3])
    ends.get(3)?.resolve()
    await third
    await expect(enter(4, 5, leaving.signal)).rejects.toThrow('left')
  })
})

// Four of these are as much as may be held.
const text = 'The tide table lists every berth. '.repeat(60_000)
const bytes = Buffer.from(text)
const task = { root: '', stored: null, mediaType: null, hints: {}, seen: null, upload: null, learning: LEARNED_WITH }

/** Saves when it is told to. */
function slowDocuments() {
  const saves: (() => void)[] = []
  const { space } = fakeEmbedder()
  let parsed = 0
  const documents: DocumentStore = {
    ...emptyStore().documents,
    knownVectors: async () => {
      parsed++
      return { space, vectors: new Map() }
    },
    save: async () => {
      await new Promise<void>((resolve) => saves.push(resolve))
      return 'learned'
    },
  }
  const deps = { documents, embedder: fakeEmbedder(), library: 'main' }
  /** More than four are never parsed and not saved, until all of them are. */
  const seen = async (count: number) => {
    for (let saved = 0; saved < count; saved++) {
      await expect.poll(() => saves.length, { timeout: 20_000 }).toBe(Math.min(4, count - saved))
      expect(parsed - saved).toBeLessThanOrEqual(4)
      saves.shift()?.()
    }
    expect(parsed).toBe(count)
  }
  return { deps, seen }
}

describe('of documents that hold more than eight million characters together some wait until others are saved', () => {
  it('in a process that learns by itself', async () => {
    const { deps, seen } = slowDocuments()
    const hands = ownHands(deps)
    const all = Array.from(
      { length: 7 },
      async (_, n) => await hands.learn({ ...task, bytes, source: `${n}.txt` }, never),
    )
    await seen(7)
    expect((await Promise.all(all)).map(({ type }) => type)).toEqual(all.map(() => 'learned'))
  })

  it('in a worker', async () => {
    const { deps, seen } = slowDocuments()
    const jobs: JobStore = {
      ...emptyStore().jobs,
      take: async (ref) => ({ fence: { ...ref, token: 1 }, task: { ...task, source: `${ref.job}.txt` }, bytes }),
    }
    const attempt = openAttempt({ ...deps, jobs, report: () => {} })
    const all = Array.from({ length: 7 }, async (_, job) => await attempt({ library: 'main', sync: 's', job }, never))
    await seen(7)
    await Promise.all(all)
  })
})
