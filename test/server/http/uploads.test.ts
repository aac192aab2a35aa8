// Documents that are sent: learned before the reply, replaced by their name, removed by their id.
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Embedder } from '../../../core/ports.ts'
import type { ParsedDocument } from '../../../core/types.ts'
import { ingest } from '../../../ingest/ingest.ts'
import { openSyncs } from '../../../ingest/syncs.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary, TOKEN } from '../../support/app.ts'
import { never, tinyDocument } from '../../support/store-documents.ts'
import { article, articles, folderOf } from '../../support/syncing.ts'
import { readJson } from '../../support/wire.ts'

type Sent = {
  sync: string
  documents: { id: string; source: string; outcome: string }[]
  failures: { source: string; code: string; message: string }[]
}
type Text = {
  title: string
  text: string
  url: string | null
  authors: string[]
  audience: string[]
  removed_at: string | null
}
type Problem = { status: number; code: string; title: string; field?: string }

let library: TestLibrary
let app: TestApp

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library)
})

async function send(body: object): Promise<Sent> {
  const response = await app.post('/v1/documents', body)
  expect(response.status, await response.clone().text()).toBe(201)
  return await readJson<Sent>(response)
}

async function sendFiles(files: Record<string, string | Uint8Array<ArrayBuffer>>, fields: Record<string, string> = {}) {
  const form = new FormData()
  for (const [name, content] of Object.entries(files)) form.append('files', new File([content], name))
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  return await app.get('/v1/documents', { method: 'POST', body: form })
}

const read = async (id: string, query = '') => await readJson<Text>(await app.get(`/v1/documents/${id}${query}`))
const searched = async (query: string) =>
  (
    await readJson<{ passages: { document: { source: string } }[] }>(await app.post('/v1/search', { query }))
  ).passages.map(({ document }) => document.source)

describe('a document that is sent', () => {
  it('can be asked about when the reply comes', async () => {
    const { sync, documents, failures } = await send({ name: 'herons', text: 'Herons wait motionless for fish.' })
    expect(documents).toEqual([
      { id: expect.stringMatching(/^doc_/) as string, source: 'upload/herons.txt', outcome: 'learned' },
    ])
    expect(failures).toEqual([])
    expect(await searched('herons fish')).toContain('upload/herons.txt')
    expect(await readJson(await app.get(`/v1/syncs/${sync}`))).toMatchObject({
      trigger: 'upload',
      state: 'finished',
      roots: ['upload/herons.txt'],
      outcomes: [{ type: 'learned', document: documents[0]?.id }],
    })
  })

  it('under a name that is known is a new revision, and the old one stays readable', async () => {
    const first = await send({ name: 'otters.md', markdown: 'Otters hold hands.' })
    const [{ id } = { id: '' }] = first.documents
    const { revision } = await readJson<{ revision: string }>(await app.get(`/v1/documents/${id}`))
    expect((await send({ name: 'otters.md', markdown: 'Otters hold hands.' })).documents[0]?.outcome).toBe('unchanged')
    const second = await send({ name: 'otters.md', markdown: 'Otters juggle stones.' })
    expect(second.documents).toEqual([{ id, source: 'upload/otters.md', outcome: 'changed' }])
    expect((await read(id)).text).toContain('juggle')
    expect((await read(id, `?revision=${revision}`)).text).toContain('hold hands')
  })

  it('says of itself what its text does not', async () => {
    const { documents } = await send({
      url: 'https://example.com/guides/Sharding?page=2',
      html: '<p>Shards are cut by tenant.</p>',
      title: 'Cutting shards',
      authors: ['Ada\u200b Keeper', 'Ben Pilot'],
      audience: ['#Payments'],
    })
    expect(documents[0]?.source).toBe('upload/example.com-guides-Sharding.html')
    expect(await read(documents[0]?.id ?? '')).toMatchObject({
      title: 'Cutting shards',
      url: 'https://example.com/guides/Sharding?page=2',
      authors: ['Ada Keeper', 'Ben Pilot'],
      audience: ['payments'],
    })
  })

  it('says the same in the fields of a form, a list by a field for each', async () => {
    const form = new FormData()
    form.append('files', new File(['Yaks carry salt.'], 'yaks.txt'))
    for (const [name, said] of [
      ['title', 'On yaks'],
      ['authors', 'Ada Keeper'],
      ['authors', 'Ben Pilot'],
      ['audience', '#Payments'],
    ] as const)
      form.append(name, said)
    const response = await app.get('/v1/documents', { method: 'POST', body: form })
    const { documents } = await readJson<Sent>(response)
    expect(await read(documents[0]?.id ?? '')).toMatchObject({
      title: 'On yaks',
      authors: ['Ada Keeper', 'Ben Pilot'],
      audience: ['payments'],
    })
  })

  it('comes as files of a form, of which the good ones are learned and the others named', async () => {
    const response = await sendFiles({
      'a.md': article('Aardvark'),
      'b.txt': 'Badgers dig.',
      'c.xyz': 'x',
      'd.md': new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    })
    expect(response.status).toBe(201)
    const { documents, failures } = await readJson<Sent>(response)
    expect(documents.map(({ source }) => source)).toEqual(['upload/a.md', 'upload/b.txt'])
    expect(failures.map(({ source, code }) => `${source} ${code}`)).toEqual([
      'upload/c.xyz unknown-type',
      'upload/d.md binary-file',
    ])
    expect(failures[0]?.message).toContain('c.xyz')
  })

  it.each([
    [{ name: 'a.md' }, 'text', 'exactly one of them'],
    [{ name: 'a.md', text: 'x', html: 'y' }, 'text', 'exactly one of them'],
    [{ text: 'x' }, 'name', 'needs a name or a url'],
    [{ name: 'a.md', text: 'x', url: 'ftp://example.com' }, 'url', 'https://example.com/page'],
    [{ name: '.env', text: 'x' }, 'name', 'notes.md'],
    [{ name: 'a\nb', text: 'x' }, 'name', 'notes.md'],
    [{ name: 'a.md', text: 'x', titel: 'y' }, 'titel', 'did you mean "title"?'],
    [{ name: 'a.md', markdown: '' }, 'markdown', 'is empty'],
    [{ name: 'a.md', text: 'x', authors: 'Ada' }, 'authors', 'must be an array of names'],
  ])('is refused as %j, by the field and with the next step', async (body, field, words) => {
    const response = await app.post('/v1/documents', body)
    const problem = await readJson<Problem>(response)
    expect(problem).toMatchObject({ status: 422, field })
    expect(problem.title).toContain(words)
  })

  it.each([
    ['a form without a file', {}, 400, 'bad-form', 'no file'],
    ['one file that cannot be read', { 'a.docx': 'x' }, 422, 'wrong-type', 'upload/a.docx'],
    ['one that is too large', { 'a.txt': 'x'.repeat(20_000_001) }, 413, 'too-large', 'split'],
  ])('is refused as %s', async (_, files, status, code, words) => {
    const response = await sendFiles(files)
    expect(response.status).toBe(status)
    expect(await readJson<Problem>(response)).toMatchObject({ code, title: expect.stringContaining(words) as string })
  })

  it('is not taken, nor removed, where uploads are off', async () => {
    const closed = openTestApp(library, { uploads: false })
    expect((await closed.post('/v1/documents', { name: 'a', text: 'x' })).status).toBe(403)
    expect((await closed.get('/v1/documents/doc_1', { method: 'DELETE' })).status).toBe(403)
    expect(await readJson(await closed.get('/v1/library'))).toMatchObject({ uploads: false })
  })

  it('does not wait for a sync that runs', async () => {
    const release = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const slow: Embedder = {
      ...library.embedder,
      embed: async (texts, kind, signal) => {
        if (texts.some((text) => text.includes('Article'))) {
          begun.resolve()
          await release.promise
        }
        return await library.embedder.embed(texts, kind, signal)
      },
    }
    const own = openTestApp(library, {
      syncing: openSyncs({ ...library.store, embedder: slow, library: 'main', silentMs: 0 }),
    })
    const learning = own.post(
      '/v1/ingest',
      { paths: [await folderOf(articles(2))] },
      { headers: { authorization: `Bearer ${TOKEN}` } },
    )
    const text = learning.then(async (response) => await response.text())
    await begun.promise
    expect((await own.post('/v1/documents', { name: 'quick', text: 'A quick note.' })).status).toBe(201)
    release.resolve()
    expect(await text).toMatch(/"learned":2/)
  })
})

describe('a document that was sent', () => {
  it('is removed by its id, and told as removed from then on', async () => {
    const [{ id } = { id: '' }] = (await send({ name: 'newts.md', markdown: 'Newts regrow limbs.' })).documents
    const response = await app.get(`/v1/documents/${id}`, { method: 'DELETE' })
    expect(await readJson(response)).toEqual({ id, removed: true, sync: expect.stringMatching(/^syn_/) as string })
    expect(await searched('newts limbs')).not.toContain('upload/newts.md')
    expect((await read(id)).removed_at).toMatch(/^20\d\d-/)
    expect(await (await app.get(`/documents/${id}`)).text()).toContain('This document was removed on')
    expect((await app.get(`/v1/documents/${id}`, { method: 'DELETE' })).status).toBe(404)
    expect((await send({ name: 'newts.md', markdown: 'Newts regrow limbs.' })).documents[0]?.outcome).toBe('learned')
    expect((await read(id)).removed_at).toBeNull()
  })

  it('is not a file of a folder: those cannot be removed by their id', async () => {
    const { documents } = await readJson<{ documents: { id: string; source: string }[] }>(
      await app.get('/v1/documents?q=STRIPE'),
    )
    expect(documents.map(({ source }) => source)).toEqual([join(library.folder, 'stripe.md')])
    const response = await app.get(`/v1/documents/${documents[0]?.id}`, { method: 'DELETE' })
    expect(response.status).toBe(403)
    expect(await readJson<Problem>(response)).toMatchObject({ code: 'not-uploaded' })
  })

  it('is learned anew from its own bytes when the parser is another', async () => {
    const { store, embedder } = library
    const [{ id } = { id: '' }] = (
      await send({ name: 'moles.md', markdown: '# Moles\n\nMoles dig.', title: 'On moles' })
    ).documents
    expect(await store.documents.uploadsToLearn('main', 'a later parser')).toContain(id)
    const deps = { documents: store.documents, embedder, library: 'main', prepare: readAnew, uploads: [id] }
    expect((await Array.fromAsync(ingest([], deps, never))).at(-1)).toMatchObject({ report: { changed: 1 } })
    expect(await read(id)).toMatchObject({ title: 'On moles, read anew', removed_at: null })
  })

  it('does not take the name of a file that is learned', async () => {
    const chunks = [{ text: 'From a file.', vector: Array<number>(256).fill(0.1) }]
    const { space } = library.embedder
    await library.store.documents.save({ ...tinyDocument('upload/clash.md', chunks), space, root: 'upload' })
    const response = await app.post('/v1/documents', { name: 'clash.md', markdown: 'Sent.' })
    expect(await readJson<Problem>(response)).toMatchObject({ status: 422, code: 'name-taken' })
    const [known] = (await library.store.documents.known('main', ['upload/clash.md'])).values()
    expect(known).toMatchObject({ root: 'upload' })
  })
})

describe('the list of documents', () => {
  it('is searched in titles and sources, whatever their case, by pages', async () => {
    for (const n of [1, 2, 3]) await send({ name: `Zebra-${n}.md`, markdown: `Number ${n} grazes.` })
    const page = await readJson<{ documents: { source: string }[]; next: string }>(
      await app.get('/v1/documents?q=zebra&limit=2'),
    )
    const rest = await readJson<typeof page>(await app.get(`/v1/documents?q=zebra&limit=2&after=${page.next}`))
    expect([...page.documents, ...rest.documents].map(({ source }) => source).sort()).toEqual(
      [1, 2, 3].map((n) => `upload/Zebra-${n}.md`),
    )
    expect(rest.next).toBeNull()
    const percent = await readJson<typeof page>(await app.get('/v1/documents?q=%25'))
    expect(percent.documents).toEqual([])
  })
})

function readAnew(parsed: ParsedDocument): ParsedDocument {
  return { ...parsed, title: `${parsed.title}, read anew` }
}
