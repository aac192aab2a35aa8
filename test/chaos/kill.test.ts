// A server that is killed at every event of an answer: whoever comes back reads what was said, and one end.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { type Server, startServer } from '../support/process.ts'
import { completion, openProvider, streamOf } from '../support/provider.ts'
import { isThorough } from '../support/thorough.ts'
import { parseEvents, readEvents, terminal, type WireEvent } from '../support/wire.ts'

const sentences = ['Stripe runs four limiters [1].', ' Its rate limiting uses the token bucket [1].']

it(
  'an answer whose server is killed at any of its events is read to its end after the next start',
  { timeout: 180_000 },
  async () => {
    await using provider = await openProvider([streamOf(completion(sentences).flatMap((part) => [part, 150]))])
    const libraryDir = join(await temporaryFolder(), 'library')
    await mkdir(libraryDir)
    await writeFile(
      join(libraryDir, 'stripe.md'),
      '# Stripe\n\nStripe runs four limiters. Its rate limiting uses the token bucket.\n',
    )
    const settings = {
      DATA_DIR: await preparedDataDir(),
      LIBRARY_DIR: libraryDir,
      OPENAI_BASE_URL: provider.baseUrl,
      CHAT_MODEL: 'x',
      LOG_LEVEL: 'warn',
    }
    let server = await startServer(settings)
    for (let killedAt = 1; ; killedAt += isThorough ? 1 : 4) {
      const seen = await askUntil(server, killedAt)
      if (seen.length < killedAt) {
        // It was over before: every event had its turn.
        expect(seen.at(-1)!.type).toBe('done')
        expect(killedAt).toBeGreaterThan(7)
        break
      }
      server.kill('SIGKILL')
      await server.ended
      server = await startServer(settings)
      const log = await readEvents(await fetch(`${server.url}/v1/answers/${seen[0]!.body.id}/events`))
      expect(log.slice(0, seen.length)).toEqual(seen)
      expect(log.filter(({ type }) => terminal.includes(type))).toEqual([log.at(-1)])
      expect(['done', 'error']).toContain(log.at(-1)!.type)
      const after = String(seen.at(-1)!.id)
      const rest = await fetch(`${server.url}/v1/answers/${seen[0]!.body.id}/events`, {
        headers: { 'last-event-id': after },
      })
      expect(await readEvents(rest)).toEqual(log.slice(seen.length))
    }
    await server.end()
  },
)

/** Its first so many events, as they come; all, when there are fewer. */
async function askUntil({ url }: Server, count: number): Promise<WireEvent[]> {
  const response = await fetch(`${url}/v1/ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      question: 'How does Stripe rate limit requests?',
      stream: true,
      fresh: true,
      resumable: true,
    }),
  })
  let text = ''
  const seen = () => parseEvents(text.slice(0, text.lastIndexOf('\n\n') + 2))
  const decoder = new TextDecoder()
  const reading = (async () => {
    for await (const part of response.body!) text += decoder.decode(part, { stream: true })
  })()
  const over = reading.then(
    () => true,
    () => true,
  )
  while (seen().length < count) if (await Promise.race([over, wait(5, false)])) break
  return seen().slice(0, count)
}
