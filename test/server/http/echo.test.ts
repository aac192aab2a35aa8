// A provider that repeats what it was sent, wherever it can: none of it reaches the log.
import { beforeAll, expect, it } from 'vitest'
import { openGenerator } from '../../../models/generator.ts'
import { openTestApp, openTestLibrary, type TestLibrary } from '../../support/app.ts'
import {
  completion,
  failure,
  openProvider,
  type RecordedRequest,
  type Reply,
  streamOf,
} from '../../support/provider.ts'

const SECRET = 'xyzzy'
const QUESTION = `Does the Stripe rate limiter ${SECRET} use a token bucket algorithm?`

let library: TestLibrary

beforeAll(async () => {
  library = await openTestLibrary()
})

const echoes: [name: string, (sent: string) => Reply][] = [
  ['a refusal', (sent) => failure(400, { message: sent, code: sent, type: sent })],
  ['an overload', (sent) => failure(503, { message: sent })],
  ['a body that is no JSON', (sent) => ({ status: 500, body: [sent] })],
  [
    'an event of an error',
    (sent) => streamOf([`data: ${JSON.stringify({ error: { message: sent, code: sent } })}\n\n`]),
  ],
  ['an event that is no JSON', (sent) => streamOf([`data: ${sent}\n\n`])],
  [
    'an error behind the first words',
    (sent) => streamOf([completion(['Stripe '])[1]!, `data: {"error": ${JSON.stringify(sent)}}\n\n`]),
  ],
  ['a stream cut off', (sent) => streamOf([completion(['Stripe '])[1]!, `data: ${sent}`], 'reset')],
]

it.each(echoes)('%s leaves no word of the question in the log', async (_name, reply) => {
  await using provider = await openProvider((request: RecordedRequest) => reply(JSON.stringify(request.body)))
  const generator = openGenerator(
    { apiKey: 'sk-test-123456', baseUrl: provider.baseUrl, chatModel: 'test-model', price: null },
    { limitUsd: null, library: 'main', spending: library.store.spending, report: () => {} },
    { delays: { retries: 0, firstMs: 1, longestMs: 1 } },
  )
  const app = openTestApp(library, { generator })
  await (await app.post('/v1/ask', { question: QUESTION })).text()
  expect(JSON.stringify(provider.requests)).toContain(SECRET)
  const log = app.lines.join('')
  expect(log).toContain('the model failed')
  expect(log).not.toContain(SECRET)
})
