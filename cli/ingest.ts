// npm run ingest: learns files and folders through whoever holds the store, with a progress bar.
import { resolve } from 'node:path'
import { AppError } from '../core/errors.ts'
import type { IngestEvent } from '../core/types.ts'
import { showIngest } from '../ingest/progress.ts'
import type { CommandOptions } from './connect.ts'
import { describeProblem } from './print.ts'
import { cutOff, partsOf } from './stream.ts'

const CUT = 'The connection to the server was cut before the end; run the same command again: what was learned is kept.'

export async function ingestPaths(paths: readonly string[], options: CommandOptions): Promise<number> {
  const { connection, json, signal } = options
  const response = await connection.request('/v1/ingest', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${connection.token}` },
    // Absolute: the server may have been started in another folder.
    body: JSON.stringify({ paths: paths.map((path) => resolve(path)) }),
  })
  if (!response.ok || !response.body) throw await describeProblem(response)
  const interactive = process.stderr.isTTY && !json
  const report = await showIngest(events(response.body, signal), { stream: process.stderr, interactive })
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  return report.failed > 0 ? 1 : 0
}

type Line = IngestEvent | { readonly type: 'error'; readonly code: string; readonly message: string }

/** Aborting closes the stream, and that is how the server knows that nobody wants the rest to be learned. */
async function* events(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<IngestEvent> {
  let pending = ''
  const text = body.pipeThrough<string>(new TextDecoderStream(), { signal })
  let isWhole = false
  for await (const part of partsOf(text, CUT, signal)) {
    const lines = (pending + part).split('\n')
    pending = lines.pop() ?? ''
    for (const text of lines) {
      const line = JSON.parse(text) as Line
      if (line.type === 'error') throw new AppError(line.code, line.message)
      isWhole ||= line.type === 'finished'
      yield line
    }
  }
  if (!isWhole) throw cutOff(CUT)
}
