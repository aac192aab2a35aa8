// Statements and transactions: what fails says so once, and leaves the next one alone.
import { inspect } from 'node:util'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../core/errors.ts'
import { toJson } from '../../store/database.ts'
import { openPostgres } from '../../store/postgres.ts'
import { emptyTestDatabase, postgresUrl, type TestDatabase } from '../support/database.ts'

describe('a statement', () => {
  it('that is refused leaves the next one alone', async () => {
    await using database = await emptyTestDatabase()
    for (let n = 0; n < 10; n++) {
      await expect(database.query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: 'store-failed' })
      expect(await database.query('select $1::int as n', [n])).toEqual([{ n }])
      await expect(database.query('select nonsense')).rejects.toMatchObject({ code: 'store-failed', retryable: false })
      expect(await database.query('select 1 as one')).toEqual([{ one: 1 }])
    }
  })

  it('among many at once gets its own answer', async () => {
    await using database = await emptyTestDatabase()
    const asked = Array.from({ length: 200 }, (_, n) => n)
    const answers = asked.map(async (n) => {
      // Every fifth one fails, and must not take a neighbour with it.
      if (n % 5 === 0) return await database.query('select 1 / ($1::int - $1::int)', [n]).catch(() => [{ n }])
      return await database.query('select $1::int as n', [n])
    })
    expect(await Promise.all(answers)).toEqual(asked.map((n) => [{ n }]))
  })

  it('that fails over a value never shows it, in no cause either', async () => {
    await using database = await emptyTestDatabase()
    const error = await database
      .query('select ($1::text)::int', ['a private question'])
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreError)
    expect(inspect(error, { depth: 9 })).not.toContain('private')
  })

  it('that fails otherwise keeps its cause', async () => {
    await using database = await emptyTestDatabase()
    await expect(database.query('select nothing from nowhere')).rejects.toMatchObject({ cause: expect.any(Error) })
  })

  it('with a NUL is refused: no door lets one through, and nothing of it is stored', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table texts (text text not null)')
    await expect(database.query('insert into texts values ($1)', ['a\0b'])).rejects.toMatchObject({
      code: 'store-failed',
    })
    expect(await database.query('select * from texts')).toEqual([])
  })
})

describe('a transaction', () => {
  it('is there whole when it returns, and gone when it throws', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table numbers (n int primary key)')
    const result = await database.transaction(async (query) => {
      await query('insert into numbers values (1)')
      return 'kept'
    })
    expect(result).toBe('kept')
    const failing = database.transaction(async (query) => {
      await query('insert into numbers values (2)')
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    const refused = database.transaction(async (query) => {
      await query('insert into numbers values (3)')
      await query('insert into numbers values (1)')
    })
    await expect(refused).rejects.toMatchObject({ code: 'store-failed' })
    expect(await database.query('select n from numbers')).toEqual([{ n: 1 }])
  })

  it('is not entered by statements from outside', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table numbers (n int)')
    const inside = database.transaction(async (query) => {
      await query('insert into numbers values (1)')
      await wait(50)
      throw new Error('rolled back')
    })
    const outside = database.query('insert into numbers values (2)')
    await expect(inside).rejects.toThrow('rolled back')
    await outside
    expect(await database.query('select n from numbers')).toEqual([{ n: 2 }])
  })

  it('among many counts right', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table counter (n int); insert into counter values (0)')
    const adding = Array.from({ length: 30 }, async () => {
      await database.transaction(async (query) => {
        const [row] = await query<{ n: number }>('select n from counter for update')
        await query('update counter set n = $1', [(row?.n ?? 0) + 1])
      })
    })
    await Promise.all(adding)
    expect(await database.query('select n from counter')).toEqual([{ n: 30 }])
  })
})

describe('a database', () => {
  it('may be closed twice, and is then unavailable', async () => {
    await using database = await emptyTestDatabase()
    if (!postgresUrl) return
    await database.close()
    await database.close()
    await expect(database.query('select 1')).rejects.toMatchObject({ code: 'store-unavailable', retryable: true })
  })

  it('that cannot be reached is unavailable, whatever is asked of it', async () => {
    const database = openPostgres('postgres://nobody@127.0.0.1:1/nothing')
    const unavailable = { code: 'store-unavailable', retryable: true }
    await expect(database.query('select 1')).rejects.toMatchObject(unavailable)
    await expect(database.transaction(async (query) => await query('select 1'))).rejects.toMatchObject(unavailable)
    await database.close()
  })
})

describe.skipIf(!postgresUrl)('a real Postgres', () => {
  it('that ends a connection between two statements of a transaction costs that transaction, not the process', async () => {
    await using database = await emptyTestDatabase()
    const cut = database.transaction(async (query) => {
      await end(database, (await query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid ?? 0)
      await wait(200)
      await query('select 1')
    })
    await expect(cut).rejects.toMatchObject({ code: 'store-unavailable', retryable: true })
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('that ends an idle connection is asked again over another', async () => {
    await using database = await emptyTestDatabase()
    const pids = await database.query<{ pid: number }>('select pg_backend_pid() as pid')
    await using other = await emptyTestDatabase()
    for (const { pid } of pids) await end(other, pid)
    await wait(200)
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('gives up on a statement that takes too long, and says that it may be tried again', async () => {
    await using database = await emptyTestDatabase()
    const slow = database.transaction(async (query) => {
      await query(`set local statement_timeout = '50ms'`)
      await query('select pg_sleep(5)')
    })
    await expect(slow).rejects.toMatchObject({ code: 'store-busy', retryable: true })
    const [limit] = await database.query<{ ms: string }>(
      `select setting as ms from pg_settings where name = 'statement_timeout'`,
    )
    expect(Number(limit?.ms)).toBeGreaterThan(0)
  })

  it('that breaks a deadlock says that it may be tried again', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table pair (n int primary key); insert into pair values (1), (2)')
    const lockBoth = async (first: number, second: number) =>
      await database.transaction(async (query) => {
        await query('select n from pair where n = $1 for update', [first])
        await wait(100)
        await query('select n from pair where n = $1 for update', [second])
      })
    const settled = await Promise.allSettled([lockBoth(1, 2), lockBoth(2, 1)])
    const [loser, ...others] = settled.filter((each) => each.status === 'rejected')
    expect(others).toEqual([])
    expect(loser?.reason).toMatchObject({ code: 'store-busy', retryable: true })
  })
})

describe('JSON for the database', () => {
  it('holds no NUL and no half of a surrogate pair, and is otherwise what it was', () => {
    expect(JSON.parse(toJson({ a: ['x\0y', '\ud83d', '😀'], b: null, c: 1.5 }))).toEqual({
      a: ['x\ufffdy', '\ufffd', '😀'],
      b: null,
      c: 1.5,
    })
  })
})

/** Another connection ends this one. */
async function end(database: TestDatabase, pid: number): Promise<void> {
  await database.query('select pg_terminate_backend($1)', [pid])
}
