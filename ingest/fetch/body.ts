// The body of a response, decompressed, within limits that hold while it streams: headers may lie about both sizes.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip } from 'node:zlib'

export type BodyLimits = {
  /** of the body, decompressed */
  readonly bytes: number
  /** how many bytes one compressed byte may become, once there is more than a megabyte */
  readonly ratio: number
}

/** What a body turned out to be. `kind` is for the caller to sort: the sentence goes on after the source's name. */
export class BodyRefused extends Error {
  readonly kind: 'too-large' | 'bomb' | 'encoding'

  constructor(kind: BodyRefused['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

// Below this a compressed page of nothing but table rows is no bomb.
const HARMLESS_BYTES = 1_000_000

export async function readBody(
  response: IncomingMessage,
  limits: BodyLimits,
  onBytes: () => void,
  signal: AbortSignal,
): Promise<Buffer> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const announced = Number(response.headers['content-length'])
  if (announced > limits.bytes) throw tooLarge(limits)
  if (encoding === 'identity') return await collect(response, limits, onBytes, signal)
  const decoders = { gzip: createGunzip, 'x-gzip': createGunzip, br: createBrotliDecompress }
  const make = decoders[encoding as keyof typeof decoders] as (() => ReturnType<typeof createGunzip>) | undefined
  if (!make) throw new BodyRefused('encoding', `is packed as ${encoding.slice(0, 40)}: gzip, br or nothing is read`)
  return await collectUnpacked(response, make(), limits, onBytes, signal)
}

/** A file that is packed itself, as sitemaps are. */
export async function unpack(packed: Buffer, limits: BodyLimits, signal: AbortSignal): Promise<Buffer> {
  const { Readable } = await import('node:stream')
  return await collectUnpacked(Readable.from([packed]), createGunzip(), limits, () => {}, signal)
}

async function collectUnpacked(
  packed: Readable,
  decoder: ReturnType<typeof createGunzip>,
  limits: BodyLimits,
  onBytes: () => void,
  signal: AbortSignal,
): Promise<Buffer> {
  let packedBytes = 0
  packed.on('data', ({ length }: Buffer) => {
    packedBytes += length
    // Packed bytes count as a sign of life, too: a decoder may hold them back.
    onBytes()
  })
  const parts: Buffer[] = []
  let bytes = 0
  await pipeline(
    packed,
    decoder,
    async (unpacked: AsyncIterable<Buffer>) => {
      for await (const part of unpacked) {
        bytes += part.length
        if (bytes > limits.bytes) throw tooLarge(limits)
        if (bytes > HARMLESS_BYTES && bytes > packedBytes * limits.ratio)
          throw new BodyRefused('bomb', `unpacks to more than ${limits.ratio} times its size: it is not read`)
        parts.push(part)
      }
    },
    { signal },
  )
  return Buffer.concat(parts)
}

async function collect(
  response: Readable,
  limits: BodyLimits,
  onBytes: () => void,
  signal: AbortSignal,
): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  await pipeline(
    response,
    async (body: AsyncIterable<Buffer>) => {
      for await (const part of body) {
        onBytes()
        bytes += part.length
        if (bytes > limits.bytes) throw tooLarge(limits)
        parts.push(part)
      }
    },
    { signal },
  )
  return Buffer.concat(parts)
}

function tooLarge({ bytes }: BodyLimits): BodyRefused {
  return new BodyRefused('too-large', `has more than ${bytes / 1e6} MB, the most that is read`)
}
