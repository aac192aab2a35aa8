import { chmod, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { lockDirectory } from '../../store/lock.ts'
import { preparedDataDirOfFile } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { type Ran, runCommand, type Server, start, startServer } from '../support/process.ts'
import { completion, openProvider, type Provider, streamOf } from '../support/provider.ts'
import type { WireAnswer, WirePassage } from '../support/wire.ts'

const QUESTION = 'How does Stripe rate limit requests?'
// Never answered to its end, so that no reply to it is kept.
const UNANSWERED = 'How does Stripe limit requests?'
const words = Array.from({ length: 3_000 }, (_, n) => `word${n} `)
const endless = streamOf(completion(['Stripe runs four limiters [1]. ', ...words]).flatMap((part) => [part, 20]))

// Each test runs one to three commands, and each of them up to 10 s under that load.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let folder: string
let articles: string
let settings: { DATA_DIR: string; LIBRARY_DIR: string }

beforeAll(async () => {
  folder = await folderOfFile()
  articles = join(folder, 'articles')
  await mkdir(articles)
  await writeFile(
    join(articles, 'stripe.md'),
    '# How Stripe Limits Requests\n\nStripe runs four limiters in production. Its rate limiting uses the token bucket algorithm.\n',
  )
  const none = join(folder, 'none')
  await mkdir(none)
  settings = { DATA_DIR: await preparedDataDirOfFile(), LIBRARY_DIR: none }
})

describe('the command line', () => {
  const wrong: [name: string, args: string[], said: RegExp][] = [
    ['no command', [], /npm run ask -- [\s\S]*npm run search -- [\s\S]*npm run ingest -- /],
    ['an unknown command', ['toString'], /There is no command "toString"/],
    ['a question without words', ['ask'], /npm run ask -- "your question"/],
    ['a search without words', ['search'], /npm run search -- /],
    ['an ingest of nothing', ['ingest'], /npm run ingest -- \[<source, folder or file>/],
    ['a cancel of two syncs', ['ingest', 'cancel', 'a', 'b'], /undo \| cancel \[<sync>\]/],
    ['an unknown option', ['ask', '--loud', 'x'], /'--loud'[\s\S]*npm run ask -- /],
  ]
  it.each(wrong)('answers %s with its usage and exit code 2', async (_name, args, said) => {
    const { code, stdout, stderr } = await runCommand(args, settings)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(said)
    expect(stderr).not.toMatch(/\n +at /)
  })

  it.each([['--help'], ['-h'], ['ask', '--help'], ['ingest', 'x', '-h']])(
    'prints its usage for %s %s',
    async (...args) => {
      const { code, stdout, stderr } = await runCommand(args.filter(Boolean), settings)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(/Exit code: 0/)
    },
  )

  it('lists every fault of the configuration and exits with 2', async () => {
    const { code, stderr } = await runCommand(['ask', 'x'], { ...settings, PORT: 'x', LOG_LEVEL: 'loud' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/PORT[\s\S]*LOG_LEVEL/)
  })

  it('says who holds the store when that is no server, or none yet', async () => {
    const dataDir = join(folder, 'held')
    const lock = lockDirectory(dataDir)
    const { code, stderr } = await runCommand(['ask', QUESTION], { ...settings, DATA_DIR: dataDir })
    lock.release()
    expect(code).toBe(1)
    expect(stderr).toContain(`process ${process.pid}`)
    expect(stderr).toContain('if it is a server that is starting, try again in a moment')
    expect(stderr).not.toMatch(/\n +at /)
  })
})

describe('without a server', () => {
  let first: Ran

  // The first command makes the database: 14 s on two cores with a load of 7, and what follows needs it.
  beforeAll(async () => {
    first = await runCommand(['ask', QUESTION], settings)
  }, 180_000)

  it('an empty library is refused with the way to fill it', () => {
    expect(first).toMatchObject({ code: 3, stderr: '' })
    expect(first.stdout).toContain('npm run ingest -- ')
  })

  it('learns what can be learned and names the rest with the reason', async () => {
    const mixed = join(folder, 'mixed')
    await mkdir(mixed)
    await writeFile(join(mixed, 'good.md'), '# Good\n\nA good article about consistent hashing.\n')
    await writeFile(join(mixed, 'empty.md'), '')
    await writeFile(join(mixed, 'binary.txt'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2]))
    await writeFile(join(mixed, 'latin.txt'), Buffer.from([0x63, 0x61, 0x66, 0xe9]))
    await writeFile(join(mixed, 'photo.jpg'), 'x')
    const huge = await open(join(mixed, 'huge.txt'), 'w')
    await huge.truncate(200_000_000)
    await huge.close()
    await writeFile(join(mixed, 'locked.md'), 'x')
    await chmod(join(mixed, 'locked.md'), 0)

    const { code, stdout, stderr } = await runCommand(['ingest', mixed, join(folder, 'missing.md'), articles], settings)
    expect([code, stdout]).toEqual([1, ''])
    for (const fault of [
      /missing\.md does not exist: check the path/,
      /empty\.md is empty/,
      /binary\.txt is a PNG picture/,
      /latin\.txt is not valid UTF-8/,
      /huge\.txt has 200\.0 MB/,
      /skipped: .*photo\.jpg: files that end in \.jpg cannot be read/,
    ])
      expect(stderr).toMatch(fault)
    // A superuser may read everything.
    if (process.getuid?.() !== 0) expect(stderr).toMatch(/locked\.md may not be read: check its permissions/)
    expect(stderr).toMatch(/Documents: [23] learned, [56] failed, 1 skipped · /)
    expect(stderr).not.toContain('\u001b')
    expect(stderr).not.toMatch(/\n +at /)
  })

  it('prints a cited answer, without colours and unbroken in a pipe', async () => {
    const { code, stdout, stderr } = await runCommand(['ask', ...QUESTION.split(' ')], settings)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/Stripe runs four limiters in production\. \[\d\]/)
    expect(stdout).toMatch(/\n\[1\] How Stripe Limits Requests\n {4}“.+”\n {4}\S*stripe\.md\n/)
    expect(stdout).not.toContain('\u001b')
  })

  it('keeps what was said when Ctrl-C stops it', async () => {
    await using provider = await openProvider([endless])
    const withModel = { ...settings, OPENAI_BASE_URL: provider.baseUrl, CHAT_MODEL: 'm' }
    const asking = start('cli/main.ts', ['ask', UNANSWERED], withModel)
    while (!asking.stdout().includes('word9')) await wait(20)
    asking.kill('SIGINT')
    expect(await asking.ended).toBe(130)
    expect(asking.stdout()).toMatch(/^Stripe runs four limiters \[1\]\.? word0 word1 [\s\S]*\n\[1\] How Stripe/)
    expect(asking.stdout()).toContain('Stopped before its end.')
    await provider.requests.at(-1)!.left
  })

  it('refuses what the library does not hold with exit code 3', async () => {
    const { code, stdout } = await runCommand(['ask', 'Which queen paints submarines in Denmark?'], settings)
    expect(code).toBe(3)
    expect(stdout).toMatch(/^The library /)
  })
})

describe('with a server', () => {
  let provider: Provider
  let server: Server

  beforeAll(async () => {
    provider = await openProvider([streamOf(completion(['Stripe runs four ', 'limiters [1].']))])
    const settingsOfServer = { ...settings, OPENAI_BASE_URL: provider.baseUrl, CHAT_MODEL: 'm' }
    server = await startServer(settingsOfServer)
    return async () => {
      await server.end()
      await provider[Symbol.asyncDispose]()
    }
  })

  it('goes through it, and links into it', async () => {
    const { code, stdout } = await runCommand(['ask', QUESTION], settings)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Stripe runs four limiters \[1\]\.\n/)
    // Programs are told the address that is listened on; people the name that is easier to read.
    expect(server.url).toMatch(/^http:\/\/localhost:/)
    expect(stdout).toContain(`    ${server.url.replace('localhost', '127.0.0.1')}/documents/doc_`)
    expect(provider.requests).toHaveLength(1)
  })

  it('says of passages that hold no word of a search that they do not', async () => {
    const { code, stdout, stderr } = await runCommand(['search', 'zzzzqqq'], settings)
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^None of these passages holds a word of the query/)])
    expect(stdout).toContain('How Stripe Limits Requests')
    expect((await runCommand(['search', 'zzzzqqq', '--json'], settings)).stderr).toBe('')
    expect((await runCommand(['search', 'Stripe zzzzqqq'], settings)).stderr).toBe('')
  })

  it('searches and learns through it', async () => {
    const { stdout } = await runCommand(['search', 'token bucket', '--json'], settings)
    const { passages } = JSON.parse(stdout) as { passages: WirePassage[] }
    expect(passages[0]!.document.title).toBe('How Stripe Limits Requests')
    const more = join(folder, 'more.md')
    await writeFile(more, '# More\n\nLater learned words about quorums.\n')
    const learned = await runCommand(['ingest', more], settings)
    expect([learned.code, learned.stderr]).toEqual([0, expect.stringMatching(/^Documents: 1 learned · /)])
    const missing = await runCommand(['ingest', join(folder, 'missing')], settings)
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('missing does not exist')])
  })

  it('prints the answer object for --json, the second time from the reply that is kept', async () => {
    for (const cached of [false, true]) {
      const { stdout } = await runCommand(['ask', '--json', QUESTION], settings)
      expect(JSON.parse(stdout)).toMatchObject({ status: 'answered', question: QUESTION, mode: 'generative', cached })
    }
  })

  it('learns nothing twice', async () => {
    const { code, stderr, stdout } = await runCommand(['ingest', articles, '--json'], settings)
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { learned: 0, unchanged: 1, failed: 0, embedded: 0 }])
    expect(stderr).toContain('Documents: 1 unchanged · ')
  })

  it('refuses a question that is too long in the words of the server', async () => {
    const { code, stderr } = await runCommand(['ask', 'x'.repeat(5_000)], settings)
    expect([code, stderr]).toEqual([2, 'question: is longer than 4000 characters.\n'])
  })

  it('keeps what was said when Ctrl-C stops it, and the server knows it as stopped', async () => {
    provider.play([endless])
    const asking = start('cli/main.ts', ['ask', UNANSWERED], settings)
    while (!asking.stdout().includes('word9')) await wait(20)
    const began = performance.now()
    asking.kill('SIGINT')
    expect(await asking.ended).toBe(130)
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(asking.stdout()).toMatch(/^Stripe runs four limiters \[1\]\.? word0 word1 [\s\S]*\n\[1\] How Stripe/)
    expect(asking.stdout()).toContain('Stopped before its end.')
    await provider.requests.at(-1)!.left
    const asJson = start('cli/main.ts', ['ask', '--json', UNANSWERED], settings)
    await wait(1_500)
    asJson.kill('SIGINT')
    await asJson.ended
    expect((JSON.parse(asJson.stdout()) as WireAnswer).status).toBe('stopped')
  })

  it('that is killed while it answers is named in one sentence', async () => {
    provider.play([endless])
    const asking = start('cli/main.ts', ['ask', UNANSWERED], settings)
    while (!asking.stdout().includes('word9')) await wait(20)
    await server.end()
    expect(await asking.ended).toBe(1)
    expect(asking.stderr()).toBe('The connection to the server was cut before the answer ended. Ask again.\n')
  })

  it('that was killed is not asked: the store is opened here instead', async () => {
    const { code, stdout } = await runCommand(['ask', QUESTION], settings)
    expect(code).toBe(0)
    expect(stdout).not.toContain('/documents/doc_')
  })
})
