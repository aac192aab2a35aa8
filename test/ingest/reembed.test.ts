// Which space is dropped by the name of its model, when the provider of that is gone.
import { expect, it } from 'vitest'
import { ModelError } from '../../core/errors.ts'
import { openReembed } from '../../ingest/reembed.ts'
import { readSpace } from '../../models/openai-embedder.ts'
import { openStore } from '../../store/open.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openTestDatabase } from '../support/database.ts'
import { never } from '../support/store-documents.ts'

const [small, large, other] = ['openai/a.example/some/m/3/1', 'openai/b.example/some/m/3/1', 'openai/a.example/e/3/1']

async function dropped(model: string) {
  await using database = await openTestDatabase()
  const store = await openStore(database, 'main', fakeEmbedder())
  const spaces = { ...store.spaces, list: async () => [small, large, other].map(reportOf), drop: async () => {} }
  const reembed = openReembed({
    ...store,
    spaces,
    library: 'main',
    modelOf: (space) => readSpace(space)?.model ?? null,
    open: () => Promise.reject(new ModelError('model-unavailable', 'a.example does not answer.')),
    priceOf: () => 0,
    compare: () => expect.unreachable(),
  })
  return await Array.fromAsync(reembed({ step: 'drop', model }, never))
}

const reportOf = (space: string) => ({ space, chunks: 1, active: false, former: false })

it('a space is dropped by its name, or by that of its model, whether or not its provider answers', async () => {
  expect(await dropped('e')).toEqual([{ type: 'dropped', space: other }])
  expect(await dropped(large)).toEqual([{ type: 'dropped', space: large }])
})

it('a model of two spaces drops neither, and both are named', async () => {
  await expect(dropped('some/m')).rejects.toThrow(`more than one space of some/m: name ${small} or ${large}`)
})

it('a model of no space is refused with one full stop after the reason', async () => {
  await expect(dropped('m')).rejects.toThrow(/no space of m \(a\.example does not answer\)\. See which/)
})
