// Whom the routes take a request for.
import type { Context } from 'hono'
import { expect, it } from 'vitest'
import { admit, holdOf, localUser, ownerOf, principalOf, seesAll } from '../../../server/http/principal.ts'

const cameWith = (raw: Request) => ({ req: { raw } }) as Context

it('a request that nobody has admitted is a stranger, who sees nothing', () => {
  const c = cameWith(new Request('http://test/v1/answers'))
  expect(principalOf(c)).toMatchObject({ type: 'stranger', fault: { code: 'not-admitted' } })
  expect([seesAll(c), ownerOf(c), holdOf(c)]).toEqual([false, null, null])
})

it('a request is the local user’s when it was admitted as that', () => {
  const raw = new Request('http://test/v1/answers')
  admit(raw, localUser)
  expect([principalOf(cameWith(raw)).type, seesAll(cameWith(raw))]).toEqual(['local', true])
})
