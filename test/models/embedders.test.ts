// Embedders by the names of their spaces, each opened once.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BUILT_IN, openEmbedders } from '../../models/embedders.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { embeddings, openProvider, type Provider } from '../support/provider.ts'

const never = new AbortController().signal
const builtIn = fakeEmbedder()

let provider: Provider
let space: string

beforeAll(async () => {
  provider = await openProvider([embeddings([[3, 4]])])
  space = `openai/${new URL(provider.baseUrl).host}/some/model/2/1`
})
afterAll(() => provider[Symbol.asyncDispose]())

const open = () => openEmbedders(builtIn, { apiKey: 'none', baseUrl: provider.baseUrl })

it('a space of the provider is opened by its name, without asking, and opens the built-in one', async () => {
  const asked = provider.requests.length
  const embedder = await open().ofSpace(space, never)
  expect([embedder.space, embedder.dimensions, provider.requests.length]).toEqual([space, 2, asked])
  expect((await embedder.inSpace?.(builtIn.space, never))?.space).toBe(builtIn.space)
  expect(await embedder.embed(['a'], 'query', never)).toEqual([Float32Array.of(3 / 5, 4 / 5)])
})

it('a model is asked for the length of its vectors, and is the one of its space from then on', async () => {
  const embedders = open()
  const embedder = await embedders.ofModel('some/model', never)
  expect(embedder.space).toBe(space)
  expect(await embedders.ofSpace(space, never)).toBe(embedder)
  expect((await embedders.ofModel(BUILT_IN, never)).space).toBe(builtIn.space)
})

it('a space whose model gives vectors of another length by now embeds nothing', async () => {
  const embedder = await open().ofSpace(space.replace('/2/1', '/3/1'), never)
  await expect(embedder.embed(['a'], 'query', never)).rejects.toMatchObject({ code: 'model-bad-output' })
})

async function reasonOf(opening: Promise<unknown>): Promise<string> {
  return await opening.then(
    () => expect.unreachable(),
    (error: Error) => error.message,
  )
}

it('a space that nobody here has is refused by its reason', async () => {
  expect(await reasonOf(open().ofSpace('openai/api.elsewhere.com/m/3/1', never))).toMatch(/one of api\.elsewhere\.com/)
  expect(await reasonOf(open().ofSpace('who/knows', never))).toMatch(/who\/knows/)
  expect(await reasonOf(openEmbedders(builtIn, null).ofSpace(space, never))).toMatch(/no provider/)
  expect(await reasonOf(openEmbedders(builtIn, null).ofModel('m', never))).toMatch(/no provider.*this process/)
})
