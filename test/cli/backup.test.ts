// npm run backup and restore as people run them: beside a running server, into another folder, and with every way to be wrong.
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { postgresUrl, preparedDataDir, temporaryFolder } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { openPlace } from '../support/places.ts'
import { runCommand, start, startServer } from '../support/process.ts'
import type { WireAnswer } from '../support/wire.ts'

vi.setConfig({ testTimeout: 120_000 })

const QUESTION = 'How many lamps does the Kestrel light have?'
let library: string

beforeAll(async () => {
  library = join(await folderOfFile(), 'library')
  await mkdir(library)
  await writeFile(join(library, 'kestrel.md'), '# Kestrel\n\nThe Kestrel light has four lamps.\n')
})

async function ask(url: string): Promise<WireAnswer> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/ask`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ question: QUESTION }),
  })
  return (await response.json()) as WireAnswer
}

async function emptyFolder(): Promise<string> {
  return join(await temporaryFolder(), 'none')
}

describe('npm run backup and restore', () => {
  it('beside a running server keeps what that has just acknowledged, and restore brings it back elsewhere', async () => {
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: library }
    const server = await startServer(settings)
    const answer = await ask(server.url)
    const file = join(await temporaryFolder(), 'nightly.backup')
    const ran = await runCommand(['backup', file], settings)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(
      /nightly\.backup: 1 document, 1 answer, 1 conversation; [\d,]+ rows of \d+ tables, \d+ kB in [\d.]+ s\.\n$/,
    )
    // The copy that it was read from is gone, and nothing is left beside the file.
    expect((await readdir(settings.DATA_DIR)).filter((name) => name.startsWith('backing-up'))).toEqual([])
    expect(await readdir(dirname(file))).toEqual(['nightly.backup'])

    const refused = await runCommand(['restore', file], settings)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`in use by process ${server.pid}`)])
    await server.end()
    const elsewhere = { ...settings, DATA_DIR: await emptyFolder() }
    const restored = await runCommand(['restore', file], elsewhere)
    expect(restored, restored.stderr).toMatchObject({ code: 0 })
    expect(restored.stdout).toMatch(/^Restored as of \S+ \S+: 1 document, 1 answer, 1 conversation, in [\d.]+ s\.\n$/)
    const next = await startServer(elsewhere)
    expect(await (await fetch(`${next.url}/v1/answers/${answer.id}`)).json()).toMatchObject({ answer: answer.answer })
    expect((await ask(next.url)).citations[0]?.quote).toBe('The Kestrel light has four lamps.')
    await next.end()
  })

  it.skipIf(!postgresUrl)('moves a library from the embedded store to Postgres, with its keys', async () => {
    const embedded = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: library }
    expect((await runCommand(['ingest', library], embedded)).code).toBe(0)
    const made = await runCommand(['keys', 'create', '--name', 'me', '--scopes', 'ask'], embedded)
    const key = made.stdout.trim()
    const file = join(await temporaryFolder(), 'moving.backup')
    const ran = await runCommand(['backup', file], embedded)
    expect(ran.stderr).toContain('open nothing without the secret that they were made with')
    await using place = await openPlace('postgres')
    const secret = (await readFile(join(embedded.DATA_DIR, 'key-secret'), 'utf8')).trim()
    const settings = { ...place.settings, LIBRARY_DIR: library, KEY_SECRET: secret }
    const restored = await runCommand(['restore', file], settings)
    expect(restored, restored.stderr).toMatchObject({ code: 0 })
    expect(restored.stderr).toBe('Keys that were revoked since then hold again: npm run keys -- list\n')
    const bare = start('server/main.ts', [], { PORT: '0', ...place.settings, LIBRARY_DIR: library })
    expect(await bare.ended).toBe(2)
    expect(bare.stderr()).toMatch(/KEY_SECRET is not set, and there are keys.* Set KEY_SECRET to the secret that they/)
    const foreign = { ...settings, KEY_SECRET: secret.split('').toReversed().join('') }
    expect((await runCommand(['doctor'], foreign)).stdout).toContain('1 key was made with another secret')
    const server = await startServer(settings)
    const response = await fetch(`${server.url}/v1/ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ question: QUESTION }),
    })
    expect([response.status, await response.json()]).toMatchObject([200, { status: 'answered' }])
    await server.end()
  })

  it('says what is wrong in a sentence and with exit code 2', async () => {
    const folder = await temporaryFolder()
    const settings = { DATA_DIR: await emptyFolder(), LIBRARY_DIR: library }
    const said = async (args: string[]) => {
      const { code, stdout, stderr } = await runCommand(args, settings)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).not.toMatch(/\n +at /)
      return stderr
    }
    expect(await said(['backup', join(folder, 'a.backup')])).toMatch(/There is no library in .*none yet/)
    expect(await said(['backup', folder])).toContain('is a folder: name a file in it')
    expect(await said(['backup', join(folder, 'x', 'a.backup')])).toContain('There is no folder')
    expect(await said(['backup'])).toContain('npm run backup -- <file>')
    expect(await said(['backup', 'a', '--replace'])).toContain("'--replace'")
    const none = join(folder, 'none.backup')
    expect(await said(['restore', none])).toContain(`${none} cannot be read`)
    const text = join(folder, 'text.backup')
    await writeFile(text, 'x'.repeat(1_000))
    expect(await said(['restore', text])).toContain('is no backup, or not a whole one')
  })

  it('does not touch a library for the sake of a file that was cut', async () => {
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: library }
    expect((await runCommand(['ingest', library], settings)).code).toBe(0)
    const file = join(await temporaryFolder(), 'a.backup')
    expect((await runCommand(['backup', file, '--json'], settings)).code).toBe(0)
    const { size } = await stat(file)
    await truncate(file, size - 1)
    const { code, stderr } = await runCommand(['restore', file, '--replace'], settings)
    expect([code, stderr]).toEqual([2, expect.stringContaining('not a whole one')])
    const { stdout } = await runCommand(['status', '--json'], settings)
    expect(JSON.parse(stdout)).toMatchObject({ library: { documents: 1 } })
  })
})
