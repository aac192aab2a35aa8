import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { start, startServer } from '../support/process.ts'
import { completion, openProvider, streamOf } from '../support/provider.ts'
import { parseEvents, readEvents, type WireAnswer } from '../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'

let libraryDir: string

beforeAll(async () => {
  libraryDir = join(await folderOfFile(), 'library')
  await mkdir(libraryDir)
  await writeFile(
    join(libraryDir, 'stripe.md'),
    '# How Stripe Limits Requests\n\nStripe runs four limiters in production. Its rate limiting uses the token bucket algorithm.\n',
  )
  await writeFile(
    join(libraryDir, 'bread.md'),
    '# Baking bread\n\nA loaf of bread needs flour, water, salt and yeast.\n',
  )
})

async function postQuestion(url: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return await fetch(`${url}/v1/ask`, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** What a shell makes of the line somebody copies. */
function shellWords(line: string): string[] {
  return execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${line}`], { encoding: 'utf8' })
    .trim()
    .split('\n')
}

describe('npm start', () => {
  it('learns, greets with an address and a line to copy, and is fast the second time', async () => {
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: libraryDir }
    const first = await startServer(settings)
    expect(first.stderr()).toMatch(/Documents: 2 learned · \d+ chunks/)
    expect(first.stdout()).toBe('')
    expect(first.stderr()).not.toContain('\u001b')

    const [line = ''] = /^ +curl .*$/m.exec(first.stderr()) ?? []
    const [address = '', flag, header, dataFlag, body = ''] = shellWords(line.trim())
    expect([address, flag, header, dataFlag]).toEqual([
      `${first.url}/v1/ask`,
      '-H',
      'content-type: application/json',
      '-d',
    ])
    const response = await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(await response.json()).toMatchObject({ status: 'answered' })

    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)

    const began = performance.now()
    const second = await startServer(settings)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(second.stderr()).toMatch(/Documents: 2 unchanged · /)
    second.kill('SIGINT')
    expect(await second.ended).toBe(0)
  })

  it('refuses a data directory that another server holds, at once and by name', async () => {
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: libraryDir }
    const holder = await startServer(settings)
    const began = performance.now()
    const second = start('server/main.ts', [], { PORT: '0', ...settings })
    expect(await second.ended).toBe(1)
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(second.stderr()).toContain(`process ${holder.pid} (${holder.url.replace('localhost', '127.0.0.1')})`)
    expect(second.stderr()).toContain('DATA_DIR')
    expect(second.stderr()).not.toMatch(/\n +at /)
    expect((await fetch(`${holder.url}/ready`)).status).toBe(200)
    await holder.end()
  })

  it('lists every fault of its configuration and exits with 2', async () => {
    const running = start('server/main.ts', [], {
      PORT: 'eighty',
      DATABASE_URL: 'mysql://me:secret@db/x',
      OPENAI_BASE_URL: 'localhost',
      LOG_LEVEL: 'loud',
    })
    expect(await running.ended).toBe(2)
    for (const name of ['PORT: "eighty"', 'DATABASE_URL', 'OPENAI_BASE_URL: "localhost"', 'LOG_LEVEL: "loud"'])
      expect(running.stderr()).toContain(name)
    expect(running.stderr()).not.toContain('secret')
    expect(running.stderr()).not.toMatch(/\n +at /)
  })

  it('says which port is taken and what to do, before it learns anything', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: libraryDir, PORT: String(port) }
    const running = start('server/main.ts', [], settings)
    expect(await running.ended).toBe(1)
    taken.close()
    expect(running.stderr()).toContain(`Port ${port} is taken by another program.`)
    expect(running.stderr()).toMatch(/PORT=\d+ npm start/)
    expect(running.stderr()).not.toMatch(/Learning|\n +at /)
  })

  it.each([
    ['none', 'does not exist'],
    ['stripe.md', 'is no folder'],
    ['stripe.md/none', 'does not exist'],
  ])('does not start with a library that is no folder: %s', async (name, fault) => {
    const running = start('server/main.ts', [], { PORT: '0', LIBRARY_DIR: join(libraryDir, name) })
    expect(await running.ended).toBe(2)
    expect(running.stderr()).toContain(`LIBRARY_DIR: ${JSON.stringify(join(libraryDir, name))} ${fault}`)
    expect(running.stderr()).not.toMatch(/Opening|\n +at /)
  })

  it('starts with an empty library, and says how to fill it', async () => {
    const empty = await temporaryFolder()
    const server = await startServer({ DATA_DIR: await preparedDataDir(), LIBRARY_DIR: empty })
    expect(server.stderr()).toContain('npm run ingest -- ')
    const response = await postQuestion(server.url, { question: QUESTION })
    expect(await response.json()).toMatchObject({ status: 'abstained', reason: 'empty-library' })
    await server.end()
  })
})

const words = Array.from({ length: 3_000 }, (_, n) => `word${n} `)
const endless = streamOf(completion(['Stripe runs four limiters [1]. ', ...words]).flatMap((part) => [part, 20]))

async function startSlow(dataDir: string, baseUrl: string) {
  const settings = { DATA_DIR: dataDir, LIBRARY_DIR: libraryDir, OPENAI_BASE_URL: baseUrl, CHAT_MODEL: 'slow' }
  return await startServer(settings)
}

describe('a server with a budget', () => {
  it('keeps to it, also after a restart', async () => {
    await using provider = await openProvider([
      streamOf(completion(['Stripe runs four limiters [1].'], { usage: [1_000, 9_000] })),
    ])
    const settings = {
      DATA_DIR: await preparedDataDir(),
      LIBRARY_DIR: libraryDir,
      OPENAI_BASE_URL: provider.baseUrl,
      CHAT_MODEL: 'dear',
      MODEL_PRICES: 'dear=10/10',
      BUDGET_USD_PER_DAY: '0.15',
    }
    const outcomes = []
    for (let starts = 0; starts < 2; starts++) {
      const server = await startServer(settings)
      for (let asked = 0; asked < 2; asked++) {
        const response = await postQuestion(server.url, { question: QUESTION, fresh: true })
        const answer = (await response.json()) as WireAnswer
        outcomes.push([answer.mode, answer.fallback, answer.usage.cost_usd])
      }
      await server.end()
    }
    const spent = ['extractive', 'budget-spent', 0]
    expect(outcomes).toEqual([['generative', null, 0.1], spent, spent, spent])
    expect(provider.requests.length).toBe(1)
  })
})

describe('a server that ends in the middle of a stream', () => {
  it('by SIGTERM gives it a terminal event and exits with 0 in time', async () => {
    await using provider = await openProvider([endless])
    const server = await startSlow(await preparedDataDir(), provider.baseUrl)
    const response = await postQuestion(server.url, { question: QUESTION, stream: true })
    const reading = response.text()
    await wait(300)
    const began = performance.now()
    server.kill('SIGTERM')
    await server.says(/Stopping/)
    const events = parseEvents(await reading)
    expect(events.at(-1)!.type).toBe('stopped')
    expect(events.at(-1)!.body.answer.answer).toContain('four limiters')
    expect(await server.ended).toBe(0)
    // Docker kills after ten seconds.
    expect(performance.now() - began).toBeLessThan(10_000)
    await provider.requests[0]!.left
  })

  it('by SIGTERM does not wait for a database that hangs, and says so', { timeout: 60_000 }, async () => {
    const sockets = await temporaryFolder()
    const server = await startServer({ DATA_DIR: await preparedDataDir(), LIBRARY_DIR: libraryDir, TMPDIR: sockets })
    const [socket = ''] = await readdir(sockets)
    const client = new pg.Client({ host: join(sockets, socket), user: 'postgres', database: 'postgres' })
    client.on('error', () => {})
    await client.connect()
    // The thread of the database is with this for years, and hears no message.
    const held = client.query('select count(*) from generate_series(1, 1000000000000000)').catch(() => {})
    await wait(500)
    const began = performance.now()
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    expect(performance.now() - began).toBeLessThan(30_000)
    expect(server.stderr()).toContain('The database was not closed within 10 s')
    await held
  })

  it('by SIGKILL leaves a log that the next start reads and closes as interrupted', async () => {
    await using provider = await openProvider([endless])
    const dataDir = await preparedDataDir()
    const killed = await startSlow(dataDir, provider.baseUrl)
    const response = await postQuestion(killed.url, { question: QUESTION, stream: true })
    let seen = ''
    const reading = (async () => {
      const decoder = new TextDecoder()
      for await (const part of response.body!) seen += decoder.decode(part, { stream: true })
    })().catch(() => {})
    while (!seen.includes('event: text')) await wait(10)
    killed.kill('SIGKILL')
    await Promise.all([killed.ended, reading])
    const whole = parseEvents(seen.slice(0, seen.lastIndexOf('\n\n') + 2))

    const next = await startSlow(dataDir, provider.baseUrl)
    const path = `${next.url}/v1/answers/${whole[0]!.body.id}`
    const events = await readEvents(await fetch(`${path}/events`))
    expect(events.slice(0, whole.length)).toEqual(whole)
    expect(events.at(-1)).toMatchObject({ type: 'error', body: { code: 'interrupted', retryable: true } })
    expect(await readEvents(await fetch(`${path}/events`))).toEqual(events)
    const form = await fetch(path)
    expect([form.status, await form.json()]).toMatchObject([404, { code: 'interrupted' }])
    await next.end()
  })
})
