// npm run reembed from the outside: through a running server, and with what is left when the provider is gone.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { preparedDataDirOfFile } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { runCommand, start, startServer } from '../support/process.ts'
import { embeddings, failure, openProvider, type Provider } from '../support/provider.ts'

// Each command takes up to 10 s while other test files run.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 90_000 })

let provider: Provider
let local: { DATA_DIR: string; LIBRARY_DIR: string }
let withProvider: Record<string, string>

beforeAll(async () => {
  const folder = await folderOfFile()
  const library = join(folder, 'articles')
  await mkdir(library)
  for (const n of [1, 2, 3])
    await writeFile(join(library, `${n}.md`), `# Company ${n}\n\nCompany ${n} runs ${n + 10} shards in production.\n`)
  provider = await openProvider((request) => {
    if (!request.path.endsWith('/embeddings')) return failure(404, {})
    const { input } = request.body as { input: string[] }
    return embeddings(input.map((text) => [Math.cos(text.length), Math.sin(text.length), 0.5]))
  })
  local = { DATA_DIR: await preparedDataDirOfFile(), LIBRARY_DIR: library }
  withProvider = { ...local, OPENAI_BASE_URL: provider.baseUrl, MODEL_PRICES: 'e=20/0' }
})
afterAll(() => provider[Symbol.asyncDispose]())

describe('changing the embedding model', () => {
  it('plans, asks before money is spent, fills, compares, switches and goes back, through the running server', async () => {
    const server = await startServer(withProvider)
    const asked = { method: 'POST', headers: { 'content-type': 'application/json' } }
    const body = JSON.stringify({ question: 'How many shards does company 2 run?', mode: 'extractive' })
    expect(await (await fetch(`${server.url}/v1/ask`, { ...asked, body })).json()).toMatchObject({ status: 'answered' })

    const refused = await runCommand(['reembed', '--model', 'e'], withProvider)
    expect(refused.stdout).toMatch(/to openai\/\S+\/e\/3\/1: 3 of 3 chunks to embed \(about \d+ tokens, \$0\.00\d\d\)/)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('Nothing was embedded. --yes')])

    const done = await runCommand(['reembed', '--model', 'e', '--yes', '--switch'], withProvider)
    expect([done.code, done.stderr]).toEqual([0, ''])
    expect(done.stdout).toMatch(/built-in\/static\/256\/1 +1 of 1 +1 of 1 +[\d.]+ ms\nopenai\S+ +1 of 1/)
    expect(done.stdout).toMatch(/The library is searched in openai\S+\/e\/3\/1 now/)
    expect(await (await fetch(`${server.url}/ready`)).json()).toMatchObject({
      models: { embedder: expect.stringContaining('/e/3/1') as string },
    })

    const listed = await runCommand(['reembed', '--list'], withProvider)
    expect(listed.stdout).toMatch(/built-in\/static\/256\/1 +3 +searched before\nopenai\S+ +3 +searched\n/)
    const back = await runCommand(['reembed', '--back', '--json'], withProvider)
    expect(JSON.parse(back.stdout)).toMatchObject({ type: 'switched', to: 'built-in/static/256/1' })
    expect((await runCommand(['reembed', '--model', 'e', '--switch'], withProvider)).code).toBe(0)
    await server.end()
  })

  it('does not ask the provider of a filled library at the start, and says when another embedder is configured', async () => {
    const before = provider.requests.length
    const server = await startServer(withProvider)
    expect(server.stderr() + server.stdout()).toMatch(
      /searched with the embedder e, EMBEDDING_MODEL says built-in: npm run/,
    )
    expect(server.stderr()).toMatch(/Documents: 3 unchanged/)
    expect(provider.requests.length).toBe(before)
    await server.end()
  })

  it('goes back to the built-in embedder when the provider is gone, which a server refuses to do without', async () => {
    const server = start('server/main.ts', [], { PORT: '0', ...local })
    expect(await server.ended).toBe(1)
    expect(server.stderr()).toMatch(/was embedded with openai\/\S+: there is no provider.*npm run reembed/)
    const done = await runCommand(['reembed', '--model', 'built-in', '--switch'], local)
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('searched in built-in/static/256/1 now')])
    const dropped = await runCommand(['reembed', '--drop', 'openai/elsewhere/e/3/1'], local)
    expect([dropped.code, dropped.stderr]).toEqual([2, expect.stringContaining('There is no space of')])
  })

  it.each([[['reembed']], [['reembed', '--model', 'e', '--back']], [['reembed', '--model', 'e', 'more']]])(
    'answers %j with its usage',
    async (args) => {
      const { code, stderr } = await runCommand(args, local)
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^npm run reembed -- --model/)])
    },
  )
})
