// Hosts are spared by all processes together: two fetchers that know of each other only through the database.
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openTurns, type Turns } from '../../../ingest/fetch/turns.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openStore } from '../../../store/open.ts'
import { openTestDatabase, type TestDatabase } from '../../support/database.ts'
import { never } from '../../support/store-documents.ts'

describe('turns that two processes share', () => {
  it('are two at a host at a time, whoever has them', async () => {
    await using database = await openTestDatabase()
    const [one, two] = await processes(database)
    let busy = 0
    const most: number[] = []
    const visit = async (turns: Turns) => {
      const release = await turns.take('example.com', never)
      most.push(++busy)
      await wait(50)
      busy--
      release()
    }
    await Promise.all([one, two, one, two, one, two].map(visit))
    expect(most).toHaveLength(6)
    expect(Math.max(...most)).toBe(2)
  })

  it('of different hosts do not wait for each other', async () => {
    await using database = await openTestDatabase()
    const [one, two] = await processes(database)
    const releases = [
      await one.take('a.example', never),
      await one.take('a.example', never),
      await two.take('b.example', never),
    ]
    for (const release of releases) release()
  })

  it('begin as far apart as the host asks, whoever has them', async () => {
    await using database = await openTestDatabase()
    const [one, two] = await processes(database)
    // As both have read its robots.txt.
    for (const turns of [one, two]) turns.slow('example.com', 300)
    const begun: number[] = []
    const visit = async (turns: Turns) => {
      const release = await turns.take('example.com', never)
      begun.push(performance.now())
      release()
    }
    await Promise.all([one, two, one, two].map(visit))
    const gaps = begun.sort((a, b) => a - b).flatMap((at, n) => (n === 0 ? [] : [at - begun[n - 1]!]))
    // Timers may fire a little early or late on a busy machine; what is reserved is exact.
    for (const gap of gaps) expect(gap).toBeGreaterThan(200)
    expect(begun.at(-1)! - begun[0]!).toBeGreaterThan(800)
  })

  it('of a process that died are free when its lease is over', async () => {
    await using database = await openTestDatabase()
    const [one, two] = await processes(database)
    await one.take('example.com', never)
    await one.take('example.com', never)
    const taking = two.take('example.com', never)
    await database.query(`update host_turns set leased_until = now() - interval '1 s' where turn = 2`)
    ;(await taking)()
  })

  it('are not taken by who has left', async () => {
    await using database = await openTestDatabase()
    const [one, two] = await processes(database)
    const releases = [await one.take('example.com', never), await one.take('example.com', never)]
    const leaving = new AbortController()
    const taking = two.take('example.com', leaving.signal)
    leaving.abort(new Error('left'))
    await expect(taking).rejects.toThrow('left')
    for (const release of releases) release()
    for (const turns of [two, two]) releases.push(await turns.take('example.com', never))
  })
})

async function processes(database: TestDatabase): Promise<readonly [Turns, Turns]> {
  const shared = async () => ({ hosts: (await openStore(database, 'main', fakeEmbedder())).hosts, library: 'main' })
  return [openTurns(await shared()), openTurns(await shared())]
}
