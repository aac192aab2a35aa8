// The command itself: stopped by Ctrl-C in the middle, and run again.
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { readRun } from '../../eval/record.ts'
import { folderOfFile } from '../support/folder.ts'
import { start } from '../support/process.ts'

// Two processes, each of which opens a database.
it('npm run eval keeps what was answered before Ctrl-C, and goes on from there', async () => {
  const folder = await folderOfFile()
  const [library, set, cache] = ['library', 'set.jsonl', 'cache'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await mkdir(library)
  await writeFile(
    join(library, 'stripe.md'),
    '# Rate limiters\n\nStripe runs four limiters, one of them a token bucket.\n',
  )
  const questions = Array.from({ length: 150 }, (_, at) => ({
    id: `q${at}`,
    kind: 'direct',
    question: `Which limiters does Stripe run, for the ${at}th time?`,
    answerable: true,
    sources: [{ file: 'stripe.md', lines: [3, 3] }],
    facts: [['token bucket']],
  }))
  await writeFile(set, questions.map((question) => JSON.stringify(question)).join('\n'))
  const ask = (run: string) => {
    const where = ['--set', set, '--library', library, '--cache', cache, '--run', join(folder, run)]
    return start('eval/main.ts', where, { TMPDIR: folder })
  }
  const kept = async () => await Array.fromAsync(glob('**/*.json', { cwd: cache }))

  const stopped = ask('stopped.json')
  while ((await kept()).length < 5) await wait(10)
  stopped.kill('SIGINT')
  expect(await stopped.ended).toBe(130)
  expect(stopped.stderr()).toMatch(/^Stopped\. What was answered is kept: the same command goes on from there\.$/m)
  const before = await kept()
  expect(before.length).toBeLessThan(150)
  const texts = await Promise.all(before.map(async (path) => await readFile(join(cache, path), 'utf8')))
  await expect(readRun(join(folder, 'stopped.json'))).rejects.toThrow('cannot be read')

  expect(await ask('resumed.json').ended).toBe(0)
  // Answered anew, they would have other times.
  expect(await Promise.all(before.map(async (path) => await readFile(join(cache, path), 'utf8')))).toEqual(texts)
  expect(await kept()).toHaveLength(150)
  const { questions: answered } = await readRun(join(folder, 'resumed.json'))
  expect(answered.map(({ id, fault }) => [id, fault])).toEqual(questions.map(({ id }) => [id, null]))
}, 90_000)
