// How many documents are under way at once follows from what makes the vectors.
import { expect, it } from 'vitest'
import { readConfig } from '../../core/config.ts'
import type { DocumentStore } from '../../core/ports.ts'
import { ownHands } from '../../ingest/hands.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { pricedDocuments } from '../../server/embedder.ts'

it('the built-in embedder is given enough for two saves of the store, and a provider a few at once', async () => {
  const embedder = await openStaticEmbedder()
  const provided = 'openai/api.openai.com/text-embedding-3-small/1536/1'
  const found = { space: embedder.space }
  const documents = { knownVectors: async () => ({ ...found, vectors: new Map() }) } as unknown as DocumentStore
  const priced = pricedDocuments(readConfig({}), documents, embedder)
  const hands = ownHands({ ...priced, embedder, library: 'main' })
  expect([hands.atOnce, priced.tokenPrice]).toMatchObject([128, { usdPerMillion: 0, isProvided: false }])
  // The library was switched to a model of a provider meanwhile, and back.
  found.space = provided
  await priced.documents.knownVectors('main', [])
  expect([hands.atOnce, priced.tokenPrice.isProvided]).toEqual([8, true])
  found.space = embedder.space
  await priced.documents.knownVectors('main', [])
  expect(hands.atOnce).toBe(128)
  expect(
    ownHands({ ...pricedDocuments(readConfig({}), documents, { space: provided }), embedder, library: 'main' }).atOnce,
  ).toBe(8)
})
