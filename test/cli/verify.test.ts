// npm run verify over answers that are as they were stored, and over one that somebody changed.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { openEmbedded } from '../../store/embedded.ts'
import { preparedDataDirOfFile } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { runCommand, startServer } from '../support/process.ts'
import type { WireAnswer } from '../support/wire.ts'

let settings: { DATA_DIR: string; LIBRARY_DIR: string }
let answers: WireAnswer[]

beforeAll(async () => {
  const folder = await folderOfFile()
  const library = join(folder, 'library')
  await mkdir(library)
  await writeFile(
    join(library, 'stripe.md'),
    '# How Stripe Limits Requests\n\nStripe runs four limiters in production. Its rate limiting uses the token bucket algorithm.\n',
  )
  settings = { DATA_DIR: await preparedDataDirOfFile(), LIBRARY_DIR: library }
  const server = await startServer(settings)
  const ask = async (question: string) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${server.url}/v1/ask`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ question }),
    })
    return (await response.json()) as WireAnswer
  }
  const questions = ['How does Stripe rate limit requests?', 'How many limiters does Stripe run in production?']
  answers = []
  for (const question of [...questions, 'Who won the chess olympiad of Budapest?']) answers.push(await ask(question))
  const ran = await runCommand(['verify', '--all'], settings)
  expect(ran).toEqual({ code: 0, stdout: '3 answers compared with the stored texts: no differences\n', stderr: '' })
  server.kill('SIGTERM')
  await server.ended
}, 120_000)

describe('npm run verify', () => {
  it('finds a true answer true, without a server as well', async () => {
    const { code, stdout, stderr } = await runCommand(['verify', answers[0]!.id], settings)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe('1 answer compared with the stored texts: no differences\n')
  })

  it.each([
    ['no answer', ['verify']],
    ['two answers', ['verify', 'a', 'b']],
    ['one and all', ['verify', 'a', '--all']],
    ['all of another command', ['ask', 'a', '--all']],
  ])('refuses %s with its usage', async (_name, args) => {
    const { code, stderr } = await runCommand(args, settings)
    expect([code, stderr]).toEqual([2, expect.stringContaining('Exit code: 0')])
  })

  it('says of an answer that there is not that there is not', async () => {
    const { code, stderr } = await runCommand(['verify', 'ans_0'], settings)
    expect([code, stderr]).toEqual([2, 'There is no answer "ans_0".\n'])
  })

  it('names the first character that was changed in the store', async () => {
    const [changed] = answers
    const [citation] = changed!.citations
    const quote = `${citation!.quote.slice(0, 5)}X${citation!.quote.slice(6)}`
    const database = await openEmbedded(settings.DATA_DIR, () => {})
    await database.query(
      `update answers set answer = jsonb_set(answer, '{citations,0,quote}', to_jsonb($2::text)) where answer_id = $1`,
      [changed!.id, quote],
    )
    await database.close()
    const fault = `${changed!.id}, citation 1: differs at character ${citation!.span.start + 5} (byte `
    for (const args of [['--all'], [changed!.id]]) {
      const { code, stdout } = await runCommand(['verify', ...args], settings)
      expect([code, stdout]).toEqual([1, expect.stringContaining(fault)])
      expect(stdout).toContain(': 1 difference\n')
    }
    const { code, stdout } = await runCommand(['verify', '--all', '--json'], settings)
    expect([code, JSON.parse(stdout)]).toEqual([
      1,
      { answers: 3, faults: [{ answer: changed!.id, fault: expect.stringContaining('differs at character') }] },
    ])
  })
})
