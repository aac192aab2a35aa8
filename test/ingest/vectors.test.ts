// The hash of a chunk says nothing of its space, and is the same from the ingest and from the migration.
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { embedChunks } from '../../ingest/vectors.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from '../support/database.ts'
import { fakeEmbedders } from '../support/embedders.ts'
import { never, tinyDocument } from '../support/store-documents.ts'

const file = new URL('../../store/migrations/0014-embedding-spaces.sql', import.meta.url)

it('stored chunks of earlier versions are known by the words and headings that they have', async () => {
  await using database = await openTestDatabase()
  const embedder = fakeEmbedders().of(32)
  const { documents } = await openStore(database, 'main', embedder)
  const texts = [
    { text: 'No headings.', headings: [] },
    { text: 'Größer als 🚦 “that”\nand a line more', headings: ['One', 'Two "quoted" \\ 限流'] },
    { text: 'tab\tand e\u0301', headings: ['10', '9', '8', '7', '6', '5', '4', '3', '2', '1', '0'] },
  ]
  const document = tinyDocument('a.md', texts, { space: embedder.space })
  const deps = { documents, embedder, library: 'main' }
  const { chunks } = await embedChunks(document.chunks, deps, never)
  await documents.save({ ...document, chunks })
  const hashes = async () => await database.query('select content_hash from chunks order by ordinal')
  const made = await hashes()
  await database.query("update chunks set content_hash = 'of an earlier version'")
  const [, rehash = ''] = (await readFile(file, 'utf8')).split('references spaces;')
  await database.query(rehash)
  expect(await hashes()).toEqual(made)
  expect((await embedChunks(document.chunks, deps, never)).embedded).toBe(0)
})
