// Batches of an embedder that are filled by calls made at the same time.
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Embedder } from '../../core/ports.ts'
import { withBatches } from '../../models/batched.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { never } from '../support/store-documents.ts'

const limits = { texts: 10, waitMs: 5 }

it('fills a batch with the texts of several documents, and gives each its own vectors', async () => {
  const { embedder, batches } = counting()
  const documents = ['a', 'b', 'c', 'd'].map((name) => [1, 2, 3, 4].map((n) => `${name} ${n}`))
  const vectors = await Promise.all(documents.map((texts) => embedder.embed(texts, 'document', never)))
  expect(batches.map(({ length }) => length)).toEqual([10, 6])
  const plain = fakeEmbedder()
  for (const [n, texts] of documents.entries()) expect(vectors[n]).toEqual(await plain.embed(texts, 'document', never))
})

it('has one batch under way at a time', async () => {
  let most = 0
  let busy = 0
  const { embedder } = counting(async () => {
    most = Math.max(most, ++busy)
    await wait(5)
    busy--
  })
  await Promise.all(Array.from({ length: 30 }, (_, n) => embedder.embed([`a ${n}`, `b ${n}`], 'document', never)))
  expect(most).toBe(1)
})

it('lets no question wait for documents', async () => {
  const { embedder } = counting(async (texts) => {
    if (texts[0] === 'slow') await wait(2_000)
  })
  const slow = embedder.embed(['slow'], 'document', never)
  const began = performance.now()
  await embedder.embed(['quick'], 'query', never)
  expect(performance.now() - began).toBeLessThan(1_000)
  await slow
})

it('fails all documents of a batch that fails, and goes on with the next one', async () => {
  let calls = 0
  const { embedder } = counting(() => {
    if (++calls === 1) throw new Error('away')
  })
  const both = await Promise.allSettled(['a', 'b'].map((text) => embedder.embed([text], 'document', never)))
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await embedder.embed(['c'], 'document', never)).toHaveLength(1)
})

it('drops what nobody waits for, and leaves the others theirs', async () => {
  const { embedder, batches } = counting()
  const leaving = new AbortController()
  const left = embedder.embed(['left'], 'document', leaving.signal)
  const stays = embedder.embed(['stays'], 'document', never)
  leaving.abort(new Error('left'))
  await expect(left).rejects.toThrow('left')
  expect(await stays).toHaveLength(1)
  expect(batches).toEqual([['stays']])
})

it('cancels a call when the last of those who waited for it leaves', async () => {
  let seen: AbortSignal | null = null
  const fake = fakeEmbedder()
  const embedder = withBatches(
    {
      ...fake,
      embed: async (texts, _kind, signal) => {
        seen = signal
        await wait(5_000, undefined, { signal })
        return await fake.embed(texts, 'document', signal)
      },
    },
    limits,
  )
  const leaving = [new AbortController(), new AbortController()]
  const all = leaving.map(({ signal }) => embedder.embed(['a'], 'document', signal))
  const settled = Promise.allSettled(all)
  await wait(50)
  leaving[0]!.abort(new Error('left'))
  expect(seen).toMatchObject({ aborted: false })
  leaving[1]!.abort(new Error('left'))
  expect(seen).toMatchObject({ aborted: true })
  await settled
})

type Counted = { readonly embedder: Embedder; readonly batches: string[][] }

function counting(before: (texts: readonly string[]) => Promise<void> | void = () => {}): Counted {
  const fake = fakeEmbedder()
  const batches: string[][] = []
  const embedder = withBatches(
    {
      ...fake,
      async embed(texts, kind, signal) {
        batches.push([...texts])
        await before(texts)
        return await fake.embed(texts, kind, signal)
      },
    },
    limits,
  )
  return { embedder, batches }
}
