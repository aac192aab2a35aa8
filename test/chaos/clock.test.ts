// A wall clock that jumps: nothing that waits looks at it.
import { globSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { startServer } from '../support/process.ts'
import { completion, openProvider, streamOf } from '../support/provider.ts'
import { parseEvents } from '../support/wire.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

// A date that somebody else wrote is compared with ours, or a time is told. Elsewhere time is `performance.now()` or the
// database's.
const wallClocks = [
  'core/log.ts',
  'ingest/fetch/request.ts',
  'ingest/recorded.ts',
  'ingest/syncs.ts',
  'models/openai-errors.ts',
  'server/http/chat-completions.ts',
  'server/http/schemas-keys.ts',
  'server/observe/gauges.ts',
  'server/open.ts',
  'server/slack/routes.ts',
  'store/backup.ts',
  'store/embedded-worker.ts',
  'store/lock.ts',
  'store/origins.ts',
]

it('the wall clock is looked at to tell a time or to read a date, and to wait for nothing', () => {
  const files = globSync('{core,ingest,models,server,store}/**/*.ts', { cwd: root })
  const looking = files.filter((file) => /Date\.now\(|new Date\(\)/.test(readFileSync(join(root, file), 'utf8')))
  expect(looking.sort()).toEqual(wallClocks)
})

it(
  'a clock that jumps an hour forward and two back ends no answer, and tells no time that is none',
  { timeout: 60_000 },
  async () => {
    const words = Array.from({ length: 60 }, (_, n) => `word${n} `)
    await using provider = await openProvider([
      streamOf(completion(['Stripe runs four limiters [1]. ', ...words]).flatMap((part) => [part, 20])),
    ])
    const libraryDir = join(await temporaryFolder(), 'library')
    await mkdir(libraryDir)
    await writeFile(join(libraryDir, 'stripe.md'), '# Stripe\n\nStripe runs four limiters. It uses the token bucket.\n')
    const server = await startServer({
      DATA_DIR: await preparedDataDir(),
      LIBRARY_DIR: libraryDir,
      OPENAI_BASE_URL: provider.baseUrl,
      CHAT_MODEL: 'x',
      NODE_OPTIONS: `--import ${join(root, 'test/support/clock-jump.ts')}`,
    })
    const ask = async () =>
      await fetch(`${server.url}/v1/ask`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question: 'How does Stripe rate limit requests?', stream: true, fresh: true }),
      })
    for (let jumps = 1; jumps <= 2; jumps++) {
      const reading = (await ask()).text()
      await expect.poll(() => provider.requests.length).toBe(jumps)
      server.kill('SIGUSR2')
      const last = parseEvents(await reading).at(-1)!
      expect(server.stderr().match(/The clock says/g)).toHaveLength(jumps)
      expect([last.type, last.body.answer.answer.includes('word59')]).toEqual(['done', true])
      const { retrieve, first_text, total } = last.body.answer.timings_ms
      expect(0 <= retrieve && retrieve <= first_text && first_text <= total && total < 60_000).toBe(true)
    }
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  },
)
