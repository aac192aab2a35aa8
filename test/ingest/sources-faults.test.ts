// sources.yaml that cannot be used, and addresses that are not read: what is said, and what goes on.
import { rm, writeFile } from 'node:fs/promises'
import { expect, describe, it } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import { openTestDatabase } from '../support/database.ts'
import { html, openFixtureSite, page } from '../support/fixture-site.ts'
import { openTestSources } from '../support/sources.ts'
import { never } from '../support/store-documents.ts'
import { articles, folderOf, openTestSyncs } from '../support/syncing.ts'

describe('a sources.yaml that cannot be used', () => {
  it('is refused with every fault and its line, changes nothing, and is named until it can be', async () => {
    await using database = await openTestDatabase()
    const { store, syncing, file, describe, read, names } = await openTestSources(database, null)
    const handbook = { name: 'handbook', kind: 'folder', path: await folderOf(articles(2)) }
    await describe([handbook])
    await read()
    await writeFile(file, 'sources:\n  - name: a\n    kind: folder\n  - name: b\n    kind: rss\n    url: x\n')
    const error = await read().catch((fault: unknown) => fault)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).faults).toEqual([
      expect.stringMatching(/sources\.yaml:2: .*path/),
      expect.stringMatching(/sources\.yaml:5: .*kind must be one of/),
    ])
    await expect(syncing.plan({ paths: [], sources: [] }, never)).rejects.toBeInstanceOf(ConfigError)
    expect(await store.syncs.failures('main', 10)).toMatchObject([{ source: file, code: 'bad-configuration' }])
    expect(await syncing.origins()).toEqual([])
    expect(await names()).toEqual(['a1.md', 'a2.md'])
    await describe([handbook])
    await read()
    expect(await store.syncs.failures('main', 10)).toEqual([])
  })

  it('is named no more when another file is read, or it is gone', async () => {
    await using database = await openTestDatabase()
    const former = await openTestSources(database, null)
    const named = async () => (await former.store.syncs.failures('main', 10)).map(({ source }) => source)
    await writeFile(former.file, 'sources: 7')
    await expect(former.read()).rejects.toBeInstanceOf(ConfigError)
    const current = await openTestSources(database, null)
    await writeFile(current.file, 'sources: 8')
    await expect(current.read()).rejects.toBeInstanceOf(ConfigError)
    expect(await named()).toEqual([current.file])
    await rm(current.file)
    const restarted = await openTestSyncs(database)
    restarted.syncing.begin()
    await expect.poll(named).toEqual([])
    await restarted.syncing.drain(0)
  })

  it('keeps documents of its sources from being learned for others than they were', async () => {
    await using database = await openTestDatabase()
    const { file, describe, read, learn } = await openTestSources(database, null)
    const folder = await folderOf(articles(1))
    await describe([{ name: 'handbook', kind: 'folder', path: folder, audience: ['staff'] }])
    await read()
    await writeFile(file, 'sources: 7')
    expect((await learn([folder])).report).toMatchObject({ failed: 1, changed: 0 })
    // Whoever takes the file away, or the source out of it, has said that it limits nothing any more.
    await rm(file)
    expect((await learn([folder])).report).toMatchObject({ failed: 0, changed: 1 })
  })

  it('that does not know a name says which there are', async () => {
    await using database = await openTestDatabase()
    const { describe, read } = await openTestSources(database, null)
    await describe([{ name: 'handbook', kind: 'folder', path: '.' }])
    await expect(read(['handbok'])).rejects.toMatchObject({
      code: 'unknown-source',
      message: expect.stringContaining('"handbok" (there are: handbook)') as string,
    })
  })
})

it('a path that is not there is told, and kept among the failures only when documents were learned from it', async () => {
  await using database = await openTestDatabase()
  const { store, learn } = await openTestSyncs(database)
  const folder = await folderOf(articles(1))
  await learn([folder])
  expect((await learn([`${folder}-misspelt`])).report).toMatchObject({ failed: 1 })
  expect(await store.syncs.failures('main', 10)).toEqual([])
  await rm(folder, { recursive: true })
  expect((await learn([folder])).report).toMatchObject({ failed: 1, removed: 0 })
  expect(await store.syncs.failures('main', 10)).toMatchObject([{ source: folder, code: 'unreadable' }])
})

it('a private address is refused with its reason, and nothing is asked there', async () => {
  await using database = await openTestDatabase()
  await using site = await openFixtureSite()
  site.put('/', page(html('Inside', '<p>Nobody should read this.</p>')))
  const { describe, read } = await openTestSources(database, null)
  await describe([
    { name: 'local', kind: 'url', urls: [`http://127.0.0.1/`, `http://[::ffff:169.254.169.254]/latest`] },
    { name: 'site', kind: 'crawl', url: `${site.url}/` },
  ])
  const { report, events } = await read()
  expect(report).toMatchObject({ learned: 0, failed: 3 })
  const said = events.flatMap((event) => (event.type === 'failed' ? [event.message] : []))
  expect(said[0]).toContain(
    'leads to 127.0.0.1, which is no public address: if you trust it, name 127.0.0.1 under allowHosts',
  )
  expect(said[1]).toContain('which is no public address')
  expect(said[2]).toContain(`name 127.0.0.1:${site.port} under allowHosts`)
  expect(site.asked).toEqual([])
})
