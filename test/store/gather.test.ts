import { expect, it } from 'vitest'
import { StoreError } from '../../core/errors.ts'
import { gather } from '../../store/gather.ts'

/** Work that is done when it is told to be. */
function scripted() {
  const batches: (readonly number[])[] = []
  const turns: PromiseWithResolvers<void>[] = []
  const work = async (batch: readonly number[]) => {
    const turn = Promise.withResolvers<void>()
    batches.push(batch)
    turns.push(turn)
    await turn.promise
    return batch.map((one) => one * 10)
  }
  return { batches, turns, work }
}

const small = { fits: (batch: readonly number[]) => batch.length < 3, lingerMs: 5 }

it('serves who comes alone at once, and those that come meanwhile together, in order', async () => {
  const { batches, turns, work } = scripted()
  const save = gather(work, small)
  const all = [1, 2, 3, 4, 5].map(save)
  expect(batches).toEqual([[1]])
  turns[0]?.resolve()
  await expect.poll(() => batches).toEqual([[1], [2, 3, 4]])
  turns[1]?.resolve()
  await expect.poll(() => batches).toEqual([[1], [2, 3, 4], [5]])
  turns[2]?.resolve()
  expect(await Promise.all(all)).toEqual([10, 20, 30, 40, 50])
})

it('tells each of its own fault, and does the others', async () => {
  const save = gather(async (batch: readonly number[]) => {
    if (batch.includes(3)) throw new Error('three')
    return await Promise.resolve(batch)
  }, small)
  const settled = await Promise.allSettled([1, 2, 3, 4].map(save))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
})

it('does not ask a database again that does not answer', async () => {
  const batches: (readonly number[])[] = []
  const gone = new StoreError('store-unavailable', 'gone', { retryable: true })
  const save = gather(async (batch: readonly number[]) => {
    batches.push(batch)
    return await Promise.reject(gone)
  }, small)
  const settled = await Promise.allSettled([1, 2, 3].map(save))
  expect(settled.every((each) => each.status === 'rejected' && each.reason === gone)).toBe(true)
  expect(batches).toEqual([[1], [2, 3]])
})

it('does not try one by one where everybody has the same fault', async () => {
  const batches: (readonly number[])[] = []
  const over = new Error('over')
  const save = gather(
    async (batch: readonly number[]) => {
      batches.push(batch)
      return await Promise.reject(over)
    },
    { ...small, isOfAll: (error, batch) => error === over && !batch.includes(5) },
  )
  const settled = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(save))
  expect(settled.every((each) => each.status === 'rejected' && each.reason === over)).toBe(true)
  expect(batches).toEqual([[1], [2, 3, 4], [5, 6], [5], [6]])
})
