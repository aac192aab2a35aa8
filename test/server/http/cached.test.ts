// A question asked again over HTTP: another answer with the same words, for nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadPrompt } from '../../../prompts/load.ts'
import { fakeGenerator } from '../../../models/fake.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'
import { QUESTION, read } from '../../support/asking.ts'
import { readJson, type WireAnswer } from '../../support/wire.ts'

let library: TestLibrary
let asked = 0

beforeAll(async () => {
  library = await openTestLibrary()
})
afterAll(() => expect(asked).toBe(2))

/** As another process over the same store would be. */
function openAnother(): TestApp {
  const generator = fakeGenerator(() => {
    asked++
    return ['Stripe runs four limiters ', 'in production [1].']
  })
  return openTestApp(library, { generator, replies: library.store.replies })
}

const ask = async (body: object) =>
  await readJson<WireAnswer>(await openAnother().post('/v1/ask', { question: QUESTION, ...body }))

describe('a question that was answered before', () => {
  it('is answered by the kept reply, also after a restart, as an answer of its own', async () => {
    const first = await ask({})
    const { answer: second, events } = await read(openAnother())
    expect([first.cached, second.cached, asked]).toEqual([false, true, 1])
    expect(events.map(({ type }) => type)).toEqual([
      'started',
      'passages',
      'text',
      'citation',
      'text',
      'verdict',
      'done',
    ])
    expect([second.answer, second.citations]).toEqual([first.answer, first.citations])
    expect(second.id).not.toBe(first.id)
    expect(second.usage).toEqual({ input_tokens: 0, output_tokens: 0, cost_usd: 0 })
  })

  it('leaves a receipt: question, query, passages by revision, verdicts, model, prompt, usage and times', async () => {
    const answer = await ask({})
    const receipt = await readJson<WireAnswer>(await openAnother().get(`/v1/answers/${answer.id}`))
    expect(receipt).toEqual({ ...answer, feedback: null })
    expect(receipt).toMatchObject({
      question: QUESTION,
      query: QUESTION,
      models: { generator: 'fake' },
      prompts: { answer: (await loadPrompt('answer')).hash },
      cached: true,
    })
    expect(receipt.passages[0]!.document.revision).toMatch(/^[0-9a-f]{64}$/)
    expect(receipt.statements.map(({ verdict }) => verdict)).toEqual(['verbatim'])
    expect(receipt.timings_ms.total).toBeGreaterThan(0)
  })

  it('is answered anew with "fresh"', async () => {
    expect((await ask({ fresh: true })).cached).toBe(false)
    const response = await openAnother().post('/v1/ask', { question: QUESTION, fresh: 'yes' })
    expect([response.status, await response.json()]).toMatchObject([422, { field: 'fresh' }])
  })
})

it('the policy of the server holds for every answer', async () => {
  const generator = fakeGenerator(['Stripe runs four limiters in production [1]. Oracle bought it in 1999 [1].'])
  const withheld = openTestApp(library, { generator, policy: { withholds: true, check: null } })
  expect((await read(withheld)).answer.answer).toBe('Stripe runs four limiters in production [1].')
  expect((await read(openTestApp(library, { generator }))).answer.answer).toContain('Oracle')
})
