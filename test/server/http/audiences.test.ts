// A program that asks for people names their channels and groups: what is for others is not looked at.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Chat } from '@ai-sdk/react'
import { DefaultChatTransport } from 'ai'
import OpenAI from 'openai'
import { beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary, type TestApp, TOKEN } from '../../support/app.ts'
import { serving } from '../../support/serving.ts'
import { readJson, type WireAnswer, type WireDocument, type WirePassage, type WireProblem } from '../../support/wire.ts'

let app: TestApp
const question = 'How many limiters does Stripe run in production?'

beforeAll(async () => {
  const library = await openTestLibrary()
  app = openTestApp(library)
  const folder = join(library.folder, 'limited')
  await mkdir(folder)
  const secret =
    '---\naudience: ["#Payments"]\n---\n# Limiters of Stripe\n\nStripe runs nine limiters in production from Friday on.'
  await writeFile(join(folder, 'secret.md'), secret)
  const headers = { authorization: `Bearer ${TOKEN}` }
  await (await app.post('/v1/ingest', { paths: [folder] }, { headers })).text()
})

const ask = async (body: object) => await readJson<WireAnswer>(await app.post('/v1/ask', { question, ...body }))

/** Whether the limited document is among the passages. */
async function findsIt(more: object): Promise<boolean> {
  const response = await app.post('/v1/search', { query: question, ...more })
  const { passages } = await readJson<{ passages: WirePassage[] }>(response)
  return passages.some(({ document }) => document.source.endsWith('secret.md'))
}

async function asOpenAi(more: object) {
  await using server = await serving(app)
  const openai = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: question }]
  return await openai.chat.completions.create({ model: 'footnote', messages, ...more })
}

async function asChat(more: object) {
  await using server = await serving(app)
  const chat = new Chat({ transport: new DefaultChatTransport({ api: `${server.url}/api/chat`, body: more }) })
  await chat.sendMessage({ text: question })
  return { chat }
}

describe('audiences', () => {
  it('limit an answer and a search, in any writing of their names', async () => {
    expect(await Promise.all([findsIt({}), findsIt({ audiences: [] }), findsIt({ audiences: ['@PAYMENTS'] })])).toEqual(
      [true, false, true],
    )
    expect((await ask({ audiences: ['payments'] })).answer).toContain('nine limiters')
    const limited = await ask({ audiences: ['oncall', "it's", '{a,b}', 'x"y'] })
    expect(JSON.stringify(limited)).not.toMatch(/nine|Friday|secret/)
    expect(limited.answer).toContain('four limiters')
  })

  it('limit what is told of an earlier conversation', async () => {
    const first = await ask({ question: 'How many limiters does Stripe run from Friday on?' })
    const follow = { question: 'And why does it run them?', conversation_id: first.conversation_id }
    expect((await ask(follow)).query).toContain('Stripe')
    expect((await ask({ ...follow, audiences: [] })).query).toBe(follow.question)
  })

  it.each([
    ['audiences', 'payments'],
    ['audiences', Array.from({ length: 201 }, (_, n) => `a${n}`)],
    ['audiences.0', [7]],
    ['audiences.0', ['#']],
    ['audiences.1', ['a', 'b\0']],
    ['audiences.0', ['x'.repeat(201)]],
  ])('that are no names are refused by the field %s', async (field, audiences) => {
    for (const [path, asked] of [
      ['/v1/ask', 'question'],
      ['/v1/search', 'query'],
    ] as const) {
      const response = await app.post(path, { [asked]: question, audiences })
      expect(response.status).toBe(422)
      expect(await readJson<WireProblem>(response)).toMatchObject({ code: 'bad-field', field })
    }
    const { error } = await asOpenAi({ audiences }).then(
      () => ({ error: null }),
      (error: unknown) => ({ error }),
    )
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ status: 400, code: 'bad-field', param: field })
    const { chat } = await asChat({ audiences })
    expect([chat.status, chat.error?.message]).toEqual(['error', expect.stringContaining(field)])
  })

  it('limit what the clients of others are told', async () => {
    for (const asks of [
      async (more: object) => JSON.stringify(await asOpenAi(more)),
      async (more: object) => JSON.stringify((await asChat(more)).chat.messages),
    ]) {
      expect(await asks({})).toContain('nine limiters')
      expect(await asks({ audiences: ['#payments'] })).toContain('nine limiters')
      const limited = await asks({ audiences: ['oncall'] })
      expect(limited).not.toMatch(/nine|Friday|secret/)
      expect(limited).toContain('four limiters')
    }
  })

  it('of a document are told with it, and on its page', async () => {
    type Limited = WireDocument & { audience: string[] }
    const { documents } = await readJson<{ documents: Limited[] }>(await app.get('/v1/documents'))
    expect(documents.map(({ audience }) => audience).filter((each) => each.length > 0)).toEqual([['payments']])
    const secret = documents.find(({ audience }) => audience.length > 0)!
    expect(await readJson<Limited>(await app.get(`/v1/documents/${secret.id}`))).toMatchObject({
      audience: ['payments'],
    })
    expect(await (await app.get(`/documents/${secret.id}`)).text()).toContain('<span>For payments</span>')
    const open = documents.find(({ audience }) => audience.length === 0)!
    expect(await (await app.get(`/documents/${open.id}`)).text()).not.toContain('<span>For ')
  })
})
