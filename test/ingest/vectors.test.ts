// The hash of a chunk says nothing of its space, and is the same from the ingest and from the migration; and however many
// chunks there are, the event loop of a server that learns has its turns.
import { readFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { embedChunks } from '../../ingest/vectors.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from '../support/database.ts'
import { fakeEmbedders } from '../support/embedders.ts'
import { emptyStore } from '../support/fake-store.ts'
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

it('the event loop has its turns while 12 MB of text get hashes, tokens, vectors and terms', async () => {
  const embedder = fakeEmbedders().of(4)
  const vector = new Float32Array(4)
  const documents = {
    ...emptyStore().documents,
    knownVectors: async () => ({ space: embedder.space, vectors: new Map<string, Float32Array>() }),
  }
  const embed = async (texts: readonly string[]) => texts.map(() => vector)
  const deps = { documents, embedder: { ...embedder, embed }, library: 'main', tokenPrice }
  const chunks = Array.from({ length: 12_000 }, (_, ordinal) => ({
    ordinal,
    headings: ['Twelve megabytes'],
    span: { start: ordinal * 1_000, end: (ordinal + 1) * 1_000 },
    text: Array.from({ length: 150 }, (_, n) => `w${(ordinal * 31 + n * n) % 9973}`).join(' '),
  }))
  const turns = await turnsOf(async () => void (await embedChunks(chunks, deps, never)))
  expect(turns.at(Math.floor(turns.length * 0.99))).toBeLessThan(100)
  expect(turns.at(-1)).toBeLessThan(200)
})

const tokenPrice = { usdPerMillion: 0.02, isProvided: true }

/** Milliseconds that this thread was busy between two turns of the event loop, sorted: other processes have no part in it. */
async function turnsOf(work: () => Promise<void>): Promise<number[]> {
  const turns: number[] = []
  const over = new AbortController()
  const ended = work().finally(() => over.abort())
  while (!over.signal.aborted) {
    const before = process.threadCpuUsage()
    await nextTurn()
    const { user, system } = process.threadCpuUsage(before)
    turns.push((user + system) / 1000)
  }
  await ended
  return turns.sort((a, b) => a - b)
}
