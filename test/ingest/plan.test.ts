// A plan says what a sync would do, and a sync then does it.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contentOf, openTestDatabase } from '../support/database.ts'
import { never } from '../support/store-documents.ts'
import { article, articles, folderOf, nameOf, openTestSyncs } from '../support/syncing.ts'

describe('a plan', () => {
  it('names what is new, changed, gone and cannot be learned, and writes nothing', async () => {
    await using database = await openTestDatabase()
    const { syncing, learn } = await openTestSyncs(database)
    const folder = await folderOf({ 'a.md': article('Alpha'), 'b.md': article('Beta'), 'c.md': article('Gamma') })
    await learn([folder])
    await rm(join(folder, 'a.md'))
    await writeFile(join(folder, 'b.md'), article('Beta', 'Other words.'))
    await writeFile(join(folder, 'd.md'), article('Delta'))
    await writeFile(join(folder, 'e.md'), '---\naudience: @payments\n---\n')
    await writeFile(join(folder, 'f.png'), '')
    const before = await contentOf(database.query)
    const plan = await syncing.plan({ paths: [folder] }, never)
    expect(await contentOf(database.query)).toEqual(before)
    expect(plan).toMatchObject({
      added: { count: 1, some: [join(folder, 'd.md')] },
      changed: { count: 1, some: [join(folder, 'b.md')] },
      removed: { count: 1, some: [join(folder, 'a.md')] },
      failed: { count: 1, some: [{ source: join(folder, 'e.md'), code: 'bad-audience' }] },
      unchanged: 1,
      skipped: 1,
      chunks: 2,
      embedded: 2,
      tokens: 0,
      usd: 0,
      ms: expect.any(Number) as number,
      refused: null,
    })
    expect((await learn([folder])).report).toMatchObject({
      learned: plan.added.count,
      changed: plan.changed.count,
      removed: plan.removed.count,
      failed: plan.failed.count,
      unchanged: plan.unchanged,
      chunks: plan.chunks,
      embedded: plan.embedded,
    })
  })

  it('names twelve of many, and says that the sync would stop', async () => {
    await using database = await openTestDatabase()
    const { syncing, learn } = await openTestSyncs(database)
    const folder = await folderOf(articles(15))
    const first = await syncing.plan({ paths: [folder] }, never)
    expect(first).toMatchObject({ added: { count: 15 }, ms: null, refused: null })
    expect(first.added.some.map(nameOf)).toHaveLength(12)
    await learn([folder])
    for (let n = 1; n <= 15; n++) await rm(join(folder, `a${n}.md`))
    expect(await syncing.plan({ paths: [folder] }, never)).toMatchObject({
      removed: { count: 15 },
      refused: expect.stringContaining('and 3 more') as string,
    })
  })

  it('counts the tokens of an embedder that somebody charges for, and their price where it is known', async () => {
    await using database = await openTestDatabase()
    const folder = await folderOf({ 'a.md': article('Alpha') })
    const priced = await openTestSyncs(database, { tokenPrice: { usdPerMillion: 20, isProvided: true } })
    const { tokens, usd } = await priced.syncing.plan({ paths: [folder] }, never)
    expect(tokens).toBeGreaterThan(3)
    expect(usd).toBeCloseTo(tokens * 20e-6)
    const unpriced = await openTestSyncs(database, { tokenPrice: { usdPerMillion: null, isProvided: true } })
    expect(await unpriced.syncing.plan({ paths: [folder] }, never)).toMatchObject({ tokens, usd: null })
    expect((await priced.learn([folder])).report).toMatchObject({ tokens, usd })
  })
})
