// What a stream keeps of the right of its reader, and gives back.
import type { Context } from 'hono'
import { expect, it } from 'vitest'
import { admit, type Hold } from '../../../server/http/principal.ts'
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

it('a stream that fails gives back its place, and tells its fault', async () => {
  const { keepers, c } = held()
  const failing = async function* () {
    yield 'one'
    throw outage()
  }
  const parts = untilRevoked(c, failing(), () => {}, null)[Symbol.asyncIterator]()
  expect([await parts.next(), keepers.size]).toEqual([{ done: false, value: 'one' }, 1])
  await expect(parts.next()).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(keepers.size).toBe(0)
  expect(await parts.next()).toEqual({ done: true, value: undefined })
})
