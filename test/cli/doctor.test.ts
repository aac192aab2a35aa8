// npm run status and npm run doctor as processes: over a healthy store, a damaged one, and through a running server.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { openEmbedded } from '../../store/embedded.ts'
import { preparedDataDirOfFile, temporaryFolder } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { openFakeSlackApi } from '../support/fake-slack-api.ts'
import { runCommand, type Server, start, startServer } from '../support/process.ts'
import { completion, failure, openProvider, streamOf } from '../support/provider.ts'
import { buffering, openProxy } from '../support/proxy.ts'

// Each test runs one to three commands, and each of them up to 10 s on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 })

type Checks = { readonly checks: readonly { check: string; level: string; found: string; remedy: string | null }[] }

let articles: string
let settings: { DATA_DIR: string; LIBRARY_DIR: string }

beforeAll(async () => {
  articles = join(await folderOfFile(), 'articles')
  await mkdir(articles)
  await writeFile(join(articles, 'stripe.md'), '# How Stripe Limits Requests\n\nStripe runs four limiters.\n')
  await writeFile(join(articles, 'bread.md'), '# Bread\n\nA loaf of bread needs flour.\n')
  settings = { DATA_DIR: await preparedDataDirOfFile(), LIBRARY_DIR: articles }
  expect((await runCommand(['ingest', articles], settings)).code).toBe(0)
})

describe('wrong usage', () => {
  it.each([
    [['status', 'x'], /npm run status/],
    [['status', '--url', 'http://x'], /Unknown option '--url'\.\n\nnpm run status/],
    [['ask', '--all', 'x'], /Unknown option '--all'[\s\S]*npm run ask/],
    [['doctor', '--loud'], /Unknown option '--loud'[\s\S]*npm run doctor/],
    [['doctor', '--url', 'ask.example.com'], /"ask\.example\.com" is not an address like https:/],
    [['doctor', '--url'], /argument missing[\s\S]*npm run doctor/],
  ])('of %j is exit code 2, with what is right', async (args, said) => {
    const { code, stdout, stderr } = await runCommand(args, settings)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(said)
  })
})

describe('without a server', () => {
  it('status says what there is, without colours in a pipe', async () => {
    const { code, stdout, stderr } = await runCommand(['status'], settings)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Server +not running; start it: npm start\n/)
    expect(stdout).toContain(`embedded in ${settings.DATA_DIR}/, `)
    expect(stdout).toMatch(/\nLibrary +2 documents, 2 chunks, last change \d{4}-\d\d-\d\d \d\d:\d\d\n/)
    expect(stdout).toMatch(/\nAnswers +0 answers stored/)
    expect(stdout).not.toContain('\u001b')
  })

  it('status of a store that is not made yet does not make it', async () => {
    const nowhere = { ...settings, DATA_DIR: join(articles, '../none') }
    for (const args of [['status'], ['status']]) {
      const { code, stdout } = await runCommand(args, nowhere)
      expect([code, stdout]).toEqual([0, expect.stringContaining('not made yet')])
    }
  })

  it('status names the host of a database and never its password', async () => {
    const remote = { ...settings, DATABASE_URL: 'postgres://me:hidden@127.0.0.1:1/notes' }
    const { code, stdout, stderr } = await runCommand(['status'], remote)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      'The database cannot be reached (ECONNREFUSED).\n  DATABASE_URL leads to 127.0.0.1:1. Start Postgres, or correct the host and the port in DATABASE_URL.\n',
    )
  })

  it.each([['ingest', 'library'], ['worker'], ['doctor']])(
    '%s says where it looked for a database that is not there',
    async (...args) => {
      const remote = { ...settings, DATABASE_URL: 'postgres://me:hidden@127.0.0.1:1/notes' }
      const { code, stdout, stderr } = await runCommand(args, remote)
      expect(code).toBe(1)
      expect(stdout + stderr).toMatch(/127\.0\.0\.1:1[^\d][\s\S]*Start Postgres, or correct the host and the port/)
      expect(stdout + stderr).not.toContain('hidden')
    },
  )

  it.each([['status'], ['ingest', 'library'], ['ask', 'x']])(
    '%s with a file in place of DATA_DIR says so, as of any fault of the settings',
    async (...args) => {
      const file = join(articles, 'bread.md')
      const { code, stderr } = await runCommand(args, { ...settings, DATA_DIR: file })
      expect([code, stderr]).toEqual([
        2,
        `Configuration:\n  - DATA_DIR: ${file} is no folder: name another, or move it away\n`,
      ])
    },
  )

  it('doctor finds nothing to change', async () => {
    const { code, stdout, stderr } = await runCommand(['doctor'], settings)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/✓ index +2 documents, 2 chunks, vectors and words agree\n/)
    expect(stdout).toMatch(/! server +none is running\n +→ Start it: npm start\n\nNothing has to be changed, 1 worth/)
    expect(stdout).not.toContain('\u001b')
  })

  it('doctor lists every fault of the configuration', async () => {
    const { code, stdout } = await runCommand(['doctor'], { ...settings, PORT: 'x', LOG_LEVEL: 'loud' })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ configuration PORT: "x"[\s\S]*✗ +LOG_LEVEL: "loud"[\s\S]*\n2 to change\.\n$/)
  })

  it('doctor names a model that refuses the key, beside what is fine', async () => {
    await using provider = await openProvider([failure(401, { code: 'invalid_api_key' })])
    const withModel = { ...settings, OPENAI_BASE_URL: provider.baseUrl, OPENAI_API_KEY: 'sk-hidden', CHAT_MODEL: 'm' }
    const { code, stdout } = await runCommand(['doctor', '--json'], withModel)
    const { checks } = JSON.parse(stdout) as Checks
    expect(code).toBe(1)
    expect(checks.filter(({ level }) => level === 'wrong')).toEqual([
      {
        check: 'model',
        level: 'wrong',
        found: expect.stringContaining('answered 401, the key is not accepted') as string,
        remedy: expect.stringContaining('Set OPENAI_API_KEY') as string,
      },
    ])
    expect(stdout).not.toContain('sk-hidden')
  })

  it('status says that Slack is on, and doctor that it refuses the token', async () => {
    await using slack = await openFakeSlackApi()
    const own = { ...settings, SLACK_BOT_TOKEN: 'xoxb-WRONG', SLACK_SIGNING_SECRET: 's', SLACK_API_URL: slack.url }
    expect((await runCommand(['status'], settings)).stdout).toMatch(/\nSlack +off\n/)
    expect((await runCommand(['status'], own)).stdout).toMatch(/\nSlack +on, over HTTP; npm run doctor tries/)
    const { code, stdout, stderr } = await runCommand(['doctor'], own)
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toMatch(/✗ slack +Slack refuses SLACK_BOT_TOKEN \(invalid_auth\)\n +→ Copy the Bot/)
    expect(stdout).not.toContain('WRONG')
  })

  it('doctor is stopped by Ctrl-C while a model keeps it waiting', async () => {
    await using provider = await openProvider([{ ending: 'silent' }])
    const withModel = { ...settings, OPENAI_BASE_URL: provider.baseUrl, CHAT_MODEL: 'm' }
    const checking = start('cli/main.ts', ['doctor'], withModel)
    while (!checking.stdout().includes('index')) await wait(20)
    checking.kill('SIGINT')
    expect(await checking.ended).toBe(130)
    expect(checking.stderr()).toBe('Stopped.\n')
  })
})

describe('an index that lost a vector', () => {
  it('is wrong, with the document; what doctor says to do about it heals it', async () => {
    const database = await openEmbedded(settings.DATA_DIR, () => {}, null)
    await database.query(
      `delete from vectors_1 where chunk_id = (select chunk_id from chunks where text like '%limiters%')`,
    )
    await database.close()
    const ill = await runCommand(['doctor'], settings)
    expect(ill.code).toBe(1)
    expect(ill.stdout).toMatch(
      /✗ index +1 chunk of 2 without a vector: \S*stripe\.md\n +→ .*change a word in each of these files and ingest/,
    )
    await writeFile(join(articles, 'stripe.md'), '# How Stripe Limits Requests\n\nStripe runs five limiters.\n')
    expect((await runCommand(['ingest', articles], settings)).code).toBe(0)
    const healed = await runCommand(['doctor'], settings)
    expect([healed.code, healed.stdout]).toEqual([0, expect.stringContaining('vectors and words agree')])
  })
})

describe('a store that did not open', () => {
  it('is told by status to stand where its last snapshot left it', async () => {
    const copy = { ...settings, DATA_DIR: join(await temporaryFolder(), 'data') }
    await cp(settings.DATA_DIR, copy.DATA_DIR, { recursive: true })
    await writeFile(join(copy.DATA_DIR, 'pg', 'global', 'pg_control'), 'garbage')
    const asJson = { ...copy, DATA_DIR: `${copy.DATA_DIR}-json` }
    await cp(copy.DATA_DIR, asJson.DATA_DIR, { recursive: true })
    expect((await runCommand(['status'], copy)).stdout).toMatch(/^Store .*, restored from its last snapshot$/m)
    expect((await runCommand(['status'], copy)).stdout).not.toContain('restored')
    const { stdout } = await runCommand(['status', '--json'], asJson)
    expect(JSON.parse(stdout)).toMatchObject({ store: { restored: true } })
  })
})

describe('with a server', () => {
  let server: Server

  beforeAll(async () => {
    const provider = await openProvider([streamOf(completion(['ok']))])
    server = await startServer({ ...settings, OPENAI_BASE_URL: provider.baseUrl, CHAT_MODEL: 'm' })
    return async () => {
      await server.end()
      await provider[Symbol.asyncDispose]()
    }
  })

  it('status goes through it, and says who holds the store', async () => {
    const { code, stdout } = await runCommand(['status', '--json'], settings)
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      {
        server: server.url.replace('localhost', '127.0.0.1'),
        store: { kind: 'embedded', holder: { pid: server.pid }, schema: { missing: [] } },
        library: { documents: 2, chunks: 2, today: { spent_usd: 0 } },
      },
    ])
  })

  it('doctor looks through it, at it, and at a proxy in front of it', async () => {
    await using proxy = await openProxy(server.url, buffering(Infinity))
    const { code, stdout } = await runCommand(['doctor', '--url', proxy.url, '--json'], settings)
    const { checks } = JSON.parse(stdout) as Checks
    expect(code).toBe(1)
    expect(checks.filter(({ level }) => level !== 'fine')).toMatchObject([
      { check: 'server', level: 'look', found: 'it runs with m, configured is extracts' },
      { check: 'stream', level: 'wrong', found: expect.stringContaining('until its end') as string },
    ])
    expect(checks.find(({ check }) => check === 'index')).toMatchObject({ level: 'fine' })
  })
})
