// npm run reembed, killed while a slow provider answers: what came before is kept, and is not paid for again.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTestDatabase, postgresUrl, preparedDataDir } from '../support/database.ts'
import { folderOfFile } from '../support/folder.ts'
import { runCommand, start } from '../support/process.ts'
import { embeddings, failure, openProvider } from '../support/provider.ts'
import { article } from '../support/syncing.ts'

const DOCUMENTS = 400
const BATCH = 96
const SLOW_MS = 1_500

it('keeps each batch as it comes: a kill costs one batch at most', { timeout: 240_000 }, async () => {
  await using database = postgresUrl ? await openTestDatabase() : null
  const folder = await folderOfFile()
  for (let n = 0; n < DOCUMENTS; n++) await writeFile(join(folder, `${n}.md`), article(`Number ${n}`))
  let slowMs = SLOW_MS
  const texts: string[] = []
  await using provider = await openProvider((request) => {
    if (!request.path.endsWith('/embeddings')) return failure(404, {})
    const { input } = request.body as { input: string[] }
    texts.push(...input)
    const { headers, body = [] } = embeddings(input.map((text) => [Math.cos(text.length), Math.sin(text.length), 0.5]))
    return { ...(headers && { headers }), body: [slowMs, ...body] }
  })
  const store = database ? { DATABASE_URL: database.url ?? '' } : { DATA_DIR: await preparedDataDir() }
  const settings = { ...store, OPENAI_BASE_URL: provider.baseUrl, MODEL_PRICES: 'e=20/0' }
  expect((await runCommand(['ingest', folder], settings)).code).toBe(0)
  const command = ['reembed', '--model', 'e', '--yes']
  const first = start('cli/main.ts', command, settings)
  // Batches of 12, 24 and 48 texts, and one of 96 that is under way.
  const numbers = () => texts.filter((text) => text.includes('Number '))
  await expect.poll(() => numbers().length, { timeout: 60_000 }).toBeGreaterThan(12 + 24 + 48)
  await first.end()
  slowMs = 0
  const second = await runCommand([...command, '--switch'], settings)
  expect([second.code, second.stderr]).toEqual([0, ''])
  const twice = numbers().length - new Set(numbers()).size
  process.stdout.write(`killed in its fourth batch: ${twice} texts embedded twice\n`)
  expect(new Set(numbers()).size).toBe(DOCUMENTS)
  expect(twice).toBeLessThanOrEqual(BATCH)
})
