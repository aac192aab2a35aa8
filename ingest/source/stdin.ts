// One document from standard input.
import type { Readable } from 'node:stream'
import { SourceError } from '../../core/errors.ts'
import { checkSize } from '../parse/decode.ts'
import { audienceHint, type Listing } from './listing.ts'
import { hashOf } from './source.ts'
import type { SpecOf } from './spec.ts'

const mediaTypes = { markdown: 'text/markdown', text: 'text/plain', html: 'text/html' } as const
const endings = { markdown: 'md', text: 'txt', html: 'html' } as const

/** Never complete: what was piped in the last time is not gone because something else is piped in now. */
export async function* listInput(spec: SpecOf<'stdin'>, input: Readable | null): Listing {
  const source = `stdin:${spec.name}`
  if (input === null)
    throw new SourceError(
      'no-input',
      source,
      `${source} is read by npm run ingest while no server holds the store: stop it, or send the text by POST /v1/documents`,
    )
  let reading: Promise<Buffer> | null = null
  yield {
    type: 'entry',
    entry: {
      source,
      async load(seen, signal) {
        // It can be read once only, and may be loaded again.
        reading ??= readAll(source, input, signal)
        const bytes = await reading
        const hash = hashOf(bytes)
        if (seen?.hash === hash) return 'unchanged'
        const hints = { ...audienceHint(spec), fileName: `${spec.name}.${endings[spec.format]}` }
        return { bytes, mediaType: mediaTypes[spec.format], seen: { hash }, hints }
      },
    },
  }
  return false
}

async function readAll(source: string, input: Readable, signal: AbortSignal): Promise<Buffer> {
  const stop = () => input.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of input as AsyncIterable<Buffer | string>) {
      const piece = Buffer.from(part)
      bytes += piece.length
      checkSize(source, bytes)
      parts.push(piece)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SourceError) throw error
    throw new SourceError('unreadable', source, `${source} could not be read to its end`, { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return Buffer.concat(parts)
}
