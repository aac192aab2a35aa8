// The whole way of a thumb, by real processes: given to a server, collected with and without it, checked until green.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { preparedDataDirOfFile } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { start, startServer } from '../support/process.ts'
import type { WireAnswer } from '../support/wire.ts'

const headers = { 'content-type': 'application/json' }

let cases: string
let library: string
let settings: { DATA_DIR: string; LIBRARY_DIR: string }
let url: string
let id: string
let stop: () => Promise<unknown>

beforeAll(async () => {
  const folder = await folderOfFile()
  cases = join(folder, 'cases.jsonl')
  library = join(folder, 'library')
  await mkdir(library)
  await writeFile(join(library, 'stripe.md'), '# Stripe\n\nStripe runs four limiters in production.\n')
  settings = { DATA_DIR: await preparedDataDirOfFile(), LIBRARY_DIR: library }
  const server = await startServer(settings)
  url = server.url
  const body = JSON.stringify({ question: 'How many limiters does Stripe run in production?' })
  const asked = await fetch(`${url}/v1/ask`, { method: 'POST', headers, body })
  id = ((await asked.json()) as WireAnswer).id
  const thumb = JSON.stringify({ rating: 'down', reason: 'wrong' })
  await fetch(`${url}/v1/answers/${id}/feedback`, { method: 'POST', headers, body: thumb })
  stop = async () => {
    server.kill('SIGTERM')
    return await server.ended
  }
}, 120_000)

async function run(...args: readonly string[]) {
  const all = ['from-feedback', '--cases', cases, '--library', library, ...args]
  const running = start('eval/main.ts', all, settings)
  const code = await running.ended
  return { code, stdout: running.stdout(), stderr: running.stderr() }
}

const check = async () => await run('--check', '--date', '2026-11-21')

describe('npm run eval -- from-feedback', () => {
  it('collects through the server that runs, from its address, and without it', async () => {
    const first = await run()
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 added to .*\nFill in /), stderr: '' })
    const text = await readFile(cases, 'utf8')
    expect(JSON.parse(text)).toMatchObject({ id, history: [], documents: [{ file: 'stripe.md', cited: true }] })
    expect(await run('--url', url)).toMatchObject({ code: 0, stdout: expect.stringContaining('0 added') })
    await stop()
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining('1 was there already') })
    expect(await readFile(cases, 'utf8')).toBe(text)
    const nobody = await run('--url', url)
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining(`${url} does not answer`) })
  }, 60_000)

  it('--check tells what is to fill in, marks what turned green, and fails when that is red again', async () => {
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^to fill in  ans_/) })
    const line = JSON.parse(await readFile(cases, 'utf8')) as object
    const filled = { ...line, answerable: true, sources: [{ file: 'stripe.md', lines: [3, 3] }], facts: [['four']] }
    await writeFile(cases, JSON.stringify(filled))
    expect(await check()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^green .* first on 2026-11-21/) })
    const marked = JSON.parse(await readFile(cases, 'utf8')) as object
    expect(marked).toEqual({ ...filled, green: '2026-11-21' })
    await writeFile(join(library, 'stripe.md'), '# Stripe\n\nStripe runs five limiters in production.\n')
    const red = await check()
    expect([red.code, red.stdout]).toEqual([1, expect.stringMatching(/^red .* does not say "four"; had been green/)])
    expect(red.stdout).toContain('changed since: stripe.md')
  }, 60_000)
})
