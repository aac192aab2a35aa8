// Why a web address could not be read, in the words of whoever has to act.
import { SourceError } from '../../core/errors.ts'
import { BodyRefused } from './body.ts'
import { AddressRefused } from './connect.ts'

export type FetchErrorCode =
  | 'refused-url'
  | 'refused-address'
  /** by robots.txt, or by the bounds of its origin */
  | 'not-allowed'
  /** it was there, or it was said to be */
  | 'gone'
  | 'forbidden'
  | 'bad-status'
  | 'busy'
  | 'unreachable'
  | 'too-slow'
  | 'too-large'
  | 'bomb'
  | 'bad-encoding'
  | 'wrong-type'
  | 'bad-redirect'
  | 'too-many-redirects'

/** `retryable`: it may pass by itself, so nothing follows from it for what was learned before. */
export class FetchError extends SourceError {
  override readonly retryable: boolean
  readonly retryAfterMs: number | null

  /** The sentence goes on after the name of the source. */
  constructor(
    code: FetchErrorCode,
    source: string,
    sentence: string,
    options: { cause?: unknown; retryable?: boolean; retryAfterMs?: number | null } = {},
  ) {
    super(code, source, `${source} ${sentence}`, options)
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

/** What the network or the decoder threw. */
export function reasonFor(source: string, cause: unknown): FetchError {
  if (cause instanceof AddressRefused) return new FetchError('refused-address', source, cause.message, { cause })
  if (cause instanceof BodyRefused) {
    const codes = { 'too-large': 'too-large', bomb: 'bomb', encoding: 'bad-encoding' } as const
    return new FetchError(codes[cause.kind], source, cause.message, { cause })
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  if (/^(?:Z_|ERR__ERROR|ERR_.*BROTLI|ERR_PADDING)/.test(code))
    return new FetchError('bad-encoding', source, `cannot be unpacked (${code}): its server sends it damaged`, {
      cause,
    })
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))
    return new FetchError('unreachable', source, `has a certificate that is not trusted (${code})`, { cause })
  const sentence = sentences[code] ?? `could not be read (${code})`
  return new FetchError('unreachable', source, `${sentence}: it is tried again next time`, { cause, retryable: true })
}

const sentences: Readonly<Record<string, string>> = {
  ENOTFOUND: 'has a host that is not known',
  EAI_AGAIN: 'has a host whose name cannot be looked up now',
  ECONNREFUSED: 'has a host that refuses connections',
  ECONNRESET: 'was cut off before its end',
  ETIMEDOUT: 'has a host that does not answer',
  EHOSTUNREACH: 'has a host that cannot be reached',
  ENETUNREACH: 'has a host that cannot be reached',
}
