// A server that dies while a command reads from it: one sentence, and what to do.
import { describe, expect, it } from 'vitest'
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
