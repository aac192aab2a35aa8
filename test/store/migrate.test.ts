// Migrations are applied once, in order, whoever comes first.
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { contentOf, emptyTestDatabase, openTestDatabase, postgresUrl } from '../support/database.ts'
import { space } from '../support/store-documents.ts'

const files = (await readdir(new URL('../../store/migrations/', import.meta.url))).sort()

describe('migrations', () => {
  it('are numbered without gaps or doubles', () => {
    expect(files.map((name) => name.slice(0, 4))).toEqual(files.map((_, n) => String(n + 1).padStart(4, '0')))
    for (const name of files) expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.sql$/)
  })

  it('are applied once', async () => {
    await using database = await openTestDatabase()
    const before = await contentOf(database.query)
    expect(before['migrations']).toHaveLength(files.length)
    expect(await migrate(database)).toEqual([])
    expect(await contentOf(database.query)).toEqual(before)
  })

  it('of twenty migrators at once are applied once', async () => {
    await using database = await emptyTestDatabase()
    const applied = await Promise.all(Array.from({ length: 20 }, async () => await migrate(database)))
    expect(applied.flat()).toEqual(files)
  })

  it.skipIf(!postgresUrl)('of twenty processes’ pools at once are applied once', async () => {
    await using empty = await emptyTestDatabase()
    const pools = Array.from({ length: 20 }, () => openPostgres(empty.url ?? '', 2))
    const applied = await Promise.all(pools.map(async (pool) => await migrate(pool)))
    expect(applied.flat()).toEqual(files)
    // And so are the libraries and spaces that each of them opens.
    await Promise.all(pools.map(async (pool) => await openStore(pool, 'main', space)))
    await Promise.all(pools.map(async (pool) => await pool.close()))
  })

  it('that fail leave nothing behind', async () => {
    await using database = await emptyTestDatabase()
    await database.query('create table answers ()')
    await expect(migrate(database)).rejects.toMatchObject({ code: 'store-failed' })
    expect(Object.keys(await contentOf(database.query))).toEqual(['answers'])
  })

  it('of a newer version are refused by name', async () => {
    await using database = await emptyTestDatabase()
    await migrate(database)
    await database.query(`insert into migrations (name) values ('9999-from-the-future.sql')`)
    await expect(openStore(database, 'main', space)).rejects.toMatchObject({
      code: 'store-newer',
      message: expect.stringContaining('9999-from-the-future.sql') as string,
    })
  })
})
