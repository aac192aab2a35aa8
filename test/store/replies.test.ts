// Kept replies in the database: as they were written, by their key and library, so many, and not for ever.
import { beforeEach, describe, expect, it } from 'vitest'
import type { ReplyStore } from '../../core/ports.ts'
import { replyStore } from '../../store/replies.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let replies: ReplyStore

beforeEach(async () => {
  database = await openTestDatabase()
  await database.query(`insert into libraries (library_id) values ('a'), ('b')`)
  replies = replyStore(database)
})

async function age(days: number): Promise<void> {
  await database.query(`update replies set kept_at = now() - make_interval(days => $1)`, [days])
}

describe('a kept reply', () => {
  it('is found under its key in its library, as it was written last', async () => {
    expect(await replies.find('a', 'k')).toBeNull()
    await replies.keep('a', 'k', 'Four 🚦 limiters [1].')
    await replies.keep('a', 'k', 'Five limiters [1].')
    expect(await replies.find('a', 'k')).toBe('Five limiters [1].')
    expect(await replies.find('a', 'l')).toBeNull()
    expect(await replies.find('b', 'k')).toBeNull()
  })

  it('keeps its length when it holds what Postgres does not', async () => {
    await replies.keep('a', 'k', 'half \ud83d NUL \0')
    expect(await replies.find('a', 'k')).toBe('half \ufffd NUL \ufffd')
  })

  it('is not found after thirty days, unless it was kept anew', async () => {
    await replies.keep('a', 'k', 'old')
    await age(29)
    expect(await replies.find('a', 'k')).toBe('old')
    await age(31)
    expect(await replies.find('a', 'k')).toBeNull()
    await replies.keep('a', 'k', 'new')
    expect(await replies.find('a', 'k')).toBe('new')
  })
})

it('a library keeps two thousand replies: the oldest go, those of others stay', async () => {
  await database.query(
    `insert into replies (library_id, key, reply, kept_at)
     select l, 'k' || n, 'r', now() - make_interval(secs => 3000 - n) from generate_series(1, 2500) n, unnest('{a,b}'::text[]) l`,
  )
  await replies.keep('a', 'newest', 'r')
  const counts = await database.query(
    `select library_id as library, count(*)::int as kept from replies group by 1 order by 1`,
  )
  // One more than two thousand: what goes is chosen before the new one is in.
  expect(counts).toEqual([
    { library: 'a', kept: 2_001 },
    { library: 'b', kept: 2_500 },
  ])
  expect([await replies.find('a', 'k500'), await replies.find('a', 'k501')]).toEqual([null, 'r'])
  for (let n = 0; n < 3; n++) await replies.keep('a', `more${n}`, 'r')
  expect(await database.query(`select count(*)::int as kept from replies where library_id = 'a'`)).toEqual([
    { kept: 2_001 },
  ])
})

it('a reply that is kept anew is not dropped, were it the oldest of all', async () => {
  await database.query(
    `insert into replies (library_id, key, reply, kept_at)
     select 'a', 'k' || n, 'r', now() - make_interval(secs => 3000 - n) from generate_series(1, 2001) n`,
  )
  await replies.keep('a', 'k1', 'anew')
  expect(await replies.find('a', 'k1')).toBe('anew')
  await replies.keep('a', 'other', 'r')
  expect(await replies.find('a', 'k1')).toBe('anew')
})
