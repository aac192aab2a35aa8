// A server that dies while a command reads from it: one sentence, and what to do.
import { describe, expect, it, vi } from 'vitest'
import { ask } from '../../cli/ask.ts'
import type { CommandOptions } from '../../cli/connect.ts'
import { ingestTargets } from '../../cli/ingest.ts'
import { AppError } from '../../core/errors.ts'

/** A server that says `text` and is then cut off, in the middle of its body or as if that were the end. */
function dying(text: string, ending: 'cut' | 'closed', signal = new AbortController().signal): CommandOptions {
  const body = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      pull: (controller) => (ending === 'cut' ? controller.error(new TypeError('terminated')) : controller.close()),
    })
  const connection = { request: async () => new Response(body()), url: null, token: 't', close: async () => {} }
  return { json: true, connection, signal }
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => error,
  )
}

const found = '{"type":"found","files":2,"skipped":[]}\n'

describe.each(['cut', 'closed'] as const)('a connection that is %s before its end', (ending) => {
  it('tells who learns that what was learned is kept', async () => {
    const error = await errorOf(ingestTargets({ paths: ['x'] }, dying(found, ending), false))
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).message).toBe(
      'The connection to the server was cut before the end; run the same command again: what was learned is kept.',
    )
  })

  it('tells who asks to ask again', async () => {
    const error = await errorOf(ask('Why?', dying(': hello\n\n', ending)))
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).message).toMatch(/was cut before the answer ended\. Ask again\.$/)
  })
})

const event = (type: string, fields: object) => `event: ${type}\nid: 1\ndata: ${JSON.stringify(fields)}\n\n`

/** What somebody reads who asks without --json. */
async function shown(...events: readonly string[]): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await ask('Why?', { ...dying(events.join(''), 'closed'), json: false })
    return write.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    write.mockRestore()
  }
}

describe('a sentence that is not backed', () => {
  const first = { start: 0, end: 6, verdict: 'unsupported', citations: [1] }
  const second = { start: 12, end: 20, verdict: 'partial', citations: [] }
  const third = { start: 21, end: 30, verdict: 'verbatim', citations: [] }
  const done = event('done', {
    answer: {
      status: 'answered',
      answer: 'Red is [1]. Blue is. Green is.',
      citations: [],
      statements: [first, second, third],
      nearest: [],
      missing: [],
      fallback: null,
    },
  })

  it('is marked where it ends', async () => {
    const text = await shown(
      event('text', { delta: 'Red is [1].' }),
      event('verdict', first),
      event('text', { delta: ' Blue is. ' }),
      event('verdict', second),
      event('text', { delta: 'Green is.' }),
      event('verdict', third),
      done,
    )
    expect(text).toContain('Red is [1]. (unsupported) Blue is. (partly supported) Green is.\n')
    expect(text).toContain('2 of 3 sentences are not fully backed by their footnotes.')
  })

  it('is named under the answer when its verdict comes after what follows it', async () => {
    const text = await shown(
      event('text', { delta: 'Red is [1]. Blue is. Green is.' }),
      event('verdict', first),
      event('verdict', second),
      event('verdict', third),
      done,
    )
    expect(text).toContain('Red is [1]. Blue is. Green is.\n')
    expect(text).toContain('unsupported: “Red is”\n')
    expect(text).toContain('partly supported: “Blue is.”\n')
  })
})
