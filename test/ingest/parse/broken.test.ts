// Attacks: files that are broken, lie or grow. Each gives a document or a reason that a person can read, and while they
// are read the event loop of the server stays free.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, describe, expect, test } from 'vitest'
import { SourceError } from '../../../core/errors.ts'
import { parse } from '../../../ingest/parse/parse.ts'
import { broken } from '../../support/broken.ts'

// Made before anything is measured: making a bomb takes the event loop, too.
const files = broken()
const delay = monitorEventLoopDelay({ resolution: 5 })

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

  test('keep the event loop free', () => {
    const [p50, p99, max] = [delay.percentile(50), delay.percentile(99), delay.max].map((ns) => ns / 1e6 - 5)
    process.stdout.write(`event loop late by p50 ${p50?.toFixed(1)} p99 ${p99?.toFixed(1)} max ${max?.toFixed(1)} ms\n`)
    expect(files.length).toBeGreaterThanOrEqual(40)
    // 17 to 75 were seen on two processors with twenty others waiting for them; those count against us here, too.
    expect(p99).toBeLessThan(250)
  })
})

afterAll(() => delay.disable())

async function outcome(source: string, bytes: Uint8Array) {
  try {
    return await parse(source, bytes, AbortSignal.timeout(60_000))
  } catch (error) {
    if (error instanceof SourceError) return error
    throw error
  }
}
