import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { article, LARGEST_BYTES, SMALLEST_BYTES, vocabularyOf } from '../../eval/bench/markdown.ts'
import { slopeOf } from '../../eval/bench/memory.ts'

const main = join(fileURLToPath(new URL('../..', import.meta.url)), 'eval/bench/main.ts')
const vocabulary = vocabularyOf(['the', 'of', 'shard', 'quorum', 'lease', 'x1'])

it('makes the same article for the same number, of the size of real ones', () => {
  expect(vocabulary).toHaveLength(10)
  const articles = Array.from({ length: 50 }, (_, n) => article(n, vocabulary))
  expect(articles).toEqual(Array.from({ length: 50 }, (_, n) => article(n, vocabulary)))
  expect(new Set(articles).size).toBe(50)
  for (const { length } of articles) {
    expect(length).toBeGreaterThan(SMALLEST_BYTES)
    expect(length).toBeLessThan(LARGEST_BYTES + 5_000)
  }
})

it('finds how much memory grows with the work', () => {
  expect(slopeOf([0, 1, 2].map((done) => ({ done, bytes: 7 + done / 2 })))).toBeCloseTo(0.5)
  expect(slopeOf([0, 1, 2].map((done) => ({ done, bytes: 7 })))).toBe(0)
})

it('measures a megabyte from end to end', { timeout: 180_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'ingest', '--size', '1MB', '--json'])
  const figures = JSON.parse(stdout) as Record<string, unknown>
  expect(figures).toMatchObject({ costs: { parse: expect.any(Number), 'the rest': expect.any(Number) } })
  expect(figures.mb).toBeGreaterThan(1)
  expect(figures.documents).toBeGreaterThan(25)
  expect(figures.chunks).toBeGreaterThan(1_000)
})

it('refuses a size that it does not understand', async () => {
  const running = promisify(execFile)(process.execPath, [main, 'ingest', '--size', 'much'])
  await expect(running).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--size: much') })
})
