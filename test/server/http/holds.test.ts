// What a stream keeps of the right of its reader, and gives back.
import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Context } from 'hono'
import { expect, it } from 'vitest'
import { admit, type Hold, holdOf } from '../../../server/http/principal.ts'
import { openWatch } from '../../../server/http/watch.ts'
import { untilRevoked } from '../../../server/http/revocation.ts'
import { outage } from '../../support/fake-store.ts'

/** A right, how many keep it, and a request of whoever has it. */
function held() {
  const right = new AbortController()
  const keepers = new Set<object>()
  const keep: Hold['keep'] = () => {
    const keeper = {}
    keepers.add(keeper)
    return () => void keepers.delete(keeper)
  }
  const raw = new Request('http://test/')
  admit(raw, { principal: { type: 'local' }, hold: { signal: right.signal, keep } })
  // Of a request, nothing else is looked at.
  return { right, keepers, c: { req: { raw } } as Context }
}

async function* failing(): AsyncGenerator<string> {
  yield 'one'
  throw outage()
}

async function* texts(): AsyncGenerator<string> {
  // Each makes a text of its own: one that all of them hold would weigh nothing.
  for (let n = 0; n < 50; n++) yield `${n} ${'x'.repeat(500)}`.split('').join('')
}

async function* stuck(): AsyncGenerator<string> {
  yield 'one'
  await new Promise(() => {})
}

async function* endless(): AsyncGenerator<string> {
  for (;;) yield 'one'
}

it('a stream that fails gives back its place, and tells its fault', async () => {
  const { keepers, c } = held()
  const parts = untilRevoked(c, failing(), () => {}, null)[Symbol.asyncIterator]()
  expect([await parts.next(), keepers.size]).toEqual([{ done: false, value: 'one' }, 1])
  await expect(parts.next()).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(keepers.size).toBe(0)
  expect(await parts.next()).toEqual({ done: true, value: undefined })
})

const collect = () => {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

it('2,000 streams that have ended leave nothing with a right that lasts', async () => {
  const { right, keepers, c } = held()
  const before = collect()
  for (let n = 0; n < 2_000; n++) {
    const ended = untilRevoked(c, texts(), () => {}, null)
    for await (const text of ended) if (n % 2 === 1 && text.startsWith('25 ')) break
  }
  const grownBytes = collect() - before
  // Asked only now, because what nobody asks for any more would be collected as well.
  const isOver = holdOf(c)?.signal.aborted
  expect([isOver, keepers.size, getEventListeners(right.signal, 'abort').length]).toEqual([false, 0, 0])
  // 67 MB where each part is raced against a promise of the right.
  expect(grownBytes).toBeLessThan(10_000_000)
})

it('a stream whose right ends as its next part is waited for says so at once, and is not waited for', async () => {
  const { right, keepers, c } = held()
  let stopped = 0
  const parts = untilRevoked(c, stuck(), () => void stopped++, 'revoked')[Symbol.asyncIterator]()
  await parts.next()
  const next = parts.next()
  right.abort()
  expect([await next, await parts.next()]).toEqual([
    { done: false, value: 'revoked' },
    { done: true, value: undefined },
  ])
  expect([stopped, keepers.size, getEventListeners(right.signal, 'abort').length]).toEqual([1, 0, 0])
})

it('a stream whose right has ended between two parts says so instead of the next', async () => {
  const { right, keepers, c } = held()
  let stopped = 0
  const parts = untilRevoked(c, endless(), () => void stopped++, 'revoked')[Symbol.asyncIterator]()
  await parts.next()
  right.abort()
  expect(await parts.next()).toEqual({ done: false, value: 'revoked' })
  expect([stopped, keepers.size]).toEqual([1, 0])
})

it('a right that was given back and taken again as the database was asked ends with the next look', async () => {
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  const holding = async () => {
    asked.resolve()
    await answered.promise
    return new Set<string>()
  }
  const watch = openWatch({ keys: { holding }, sessions: { holding } }, 1)
  const key = { type: 'key', id: 'a', library: 'main', name: 'a', scopes: [], origins: [] } as const
  const giveBack = watch(key).keep()
  await asked.promise
  giveBack()
  const again = watch(key)
  again.keep()
  answered.resolve()
  await expect.poll(() => again.signal.aborted).toBe(true)
})
