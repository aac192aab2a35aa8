// One attempt at a document of the queue: what may pass is tried again, by whoever comes next.
import { expect, it } from 'vitest'
import { ModelError, type ModelErrorCode } from '../../core/errors.ts'
import type { JobStore } from '../../core/jobs.ts'
import { LEARNED_WITH } from '../../ingest/look.ts'
import { openAttempt } from '../../ingest/worker.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { emptyStore } from '../support/fake-store.ts'

const ref = { library: 'main', sync: 'syn_1', job: 1 }
const never = new AbortController().signal

/** What became of an attempt by a worker whose embedder fails so. */
async function attemptWith(code: ModelErrorCode) {
  const task = { source: 'a.md', root: '', stored: null, mediaType: null, hints: {}, seen: null, upload: null }
  const told = { settled: 0, blamed: 0 }
  const store = emptyStore()
  const jobs: JobStore = {
    ...store.jobs,
    take: async () => ({
      fence: { ...ref, token: 1 },
      task: { ...task, learning: LEARNED_WITH },
      bytes: Buffer.from('# Alpha\n\nAlpha is first.'),
    }),
    settle: async () => void told.settled++,
    blame: async () => void told.blamed++,
  }
  const fails = async () => await Promise.reject(new ModelError(code, 'there is no provider'))
  const embedder = { ...fakeEmbedder(), embed: fails }
  const knownVectors = async () => ({ space: embedder.space, vectors: new Map<string, Float32Array>() })
  const documents = { ...store.documents, knownVectors }
  const attempt = openAttempt({ documents, embedder, jobs, library: 'main', report: () => {} })
  const error = await attempt(ref, never).catch((thrown: unknown) => thrown)
  return { ...told, error }
}

it('by a worker without the embedder of the library leaves the document to others', async () => {
  const { settled, blamed, error } = await attemptWith('model-unavailable')
  expect(error).toBeInstanceOf(ModelError)
  expect([settled, blamed]).toEqual([0, 1])
})

it('whose provider refuses every document ends the sync', async () => {
  expect(await attemptWith('model-refused')).toEqual({ settled: 1, blamed: 0, error: undefined })
})
