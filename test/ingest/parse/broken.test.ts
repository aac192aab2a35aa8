// Attacks: files that are broken, lie or grow. Each gives a document or a reason that a person can read, and while they
// are read the event loop of the server stays free.
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { SourceError } from '../../../core/errors.ts'
import { parse } from '../../../ingest/parse/parse.ts'
import { broken } from '../../support/broken.ts'

// Made before anything is measured: making a bomb takes the event loop, too.
const files = broken()
const delay = monitorEventLoopDelay({ resolution: 5 })
// A loop with nothing to do, on the same machine at the same time: how late it is has nothing to do with us.
const idle = new Worker(
  `const { parentPort } = require('node:worker_threads')
   const delay = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 5 })
   delay.enable()
   parentPort.on('message', () => parentPort.postMessage(delay.percentile(99)))`,
  { eval: true },
)

describe('attacks', () => {
  test.each(files)('%s', async (_, source, bytes, expected) => {
    delay.enable()
    const found = await outcome(source, bytes)
    delay.disable()
    const code = found instanceof SourceError ? found.code : 'document'
    expect([expected ?? 'document'].flat()).toContain(code)
    if (found instanceof SourceError) {
      expect(found.message).toMatch(/^a\.\w+ .+[:.] ?\w/)
      expect(found.message.length).toBeLessThan(400)
    } else expect(found.text.isWellFormed()).toBe(true)
  })

  test('keep the event loop free', async () => {
    idle.postMessage('how late?')
    const [late] = (await once(idle, 'message')) as [number]
    const [p50, p99, max, idleP99] = [delay.percentile(50), delay.percentile(99), delay.max, late].map(
      (ns) => ns / 1e6 - 5,
    ) as [number, number, number, number]
    const said = `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} max ${max.toFixed(1)}, an idle one p99 ${idleP99.toFixed(1)}`
    process.stdout.write(`event loop late by ${said} ms\n`)
    expect(files.length).toBeGreaterThanOrEqual(40)
    expect(p99 - idleP99).toBeLessThan(100)
  })
})

afterAll(async () => {
  delay.disable()
  await idle.terminate()
})

async function outcome(source: string, bytes: Uint8Array) {
  try {
    return await parse(source, bytes, AbortSignal.timeout(60_000))
  } catch (error) {
    if (error instanceof SourceError) return error
    throw error
  }
}
