// Whether a request is Slack's: HMAC-SHA256 of its time and its raw body under the app's signing secret, as described on
// https://docs.slack.dev/authentication/verifying-requests-from-slack (version v0).
import { createHmac, timingSafeEqual } from 'node:crypto'
import { InputError } from '../../core/errors.ts'

// Slack's own bound. A request that is recorded and sent again later is refused by it; one that is sent again within it
// finds its task in the inbox.
const TOLERANCE_S = 300

export type Signed = {
  /** X-Slack-Request-Timestamp and X-Slack-Signature, undefined when missing */
  readonly timestamp: string | undefined
  readonly signature: string | undefined
  /** as it came: a body that was read and written again may differ */
  readonly body: Uint8Array
}

/** Throws InputError `bad-signature`, which does not say what was wrong: whoever guesses learns nothing. */
export function checkSignature({ timestamp, signature, body }: Signed, secret: string, nowMs: number): void {
  // Without zeros in front or signs: one time has one spelling.
  const isTime = timestamp !== undefined && /^[1-9]\d{0,11}$/.test(timestamp)
  if (!isTime || Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_S) throw refusal()
  const expected = sign(body, timestamp, secret)
  const given = Buffer.from(signature ?? '')
  // The length of a signature is no secret; timingSafeEqual asks for equal ones.
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refusal()
}

function sign(body: Uint8Array, timestamp: string, secret: string): Buffer {
  const hash = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')
  return Buffer.from(`v0=${hash}`)
}

function refusal(): InputError {
  return new InputError(
    'bad-signature',
    'The request is not signed by Slack, or was signed more than five minutes ago.',
  )
}
