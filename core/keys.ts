// The text of a key: `fn_<id>_<secret><checksum>`. The beginning is for scanners that look for secrets, the checksum tells
// a typo from a stranger without a look into the database, as GitHub's tokens do:
// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
// As many digits of base 62 as hold 64, 256 and 32 bits.
const ID_LENGTH = 11
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6
const shape = new RegExp(`^fn_([0-9A-Za-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`)

export const KEY_PREFIX = 'fn_'
export const SHORTEST_SECRET = 32
// As the documentation has it: everybody knows it.
export const EXAMPLE_SECRET = 'SFw2kZ0mTnqk4Qe0vB8yB1cQx6Jt5uUo3n9rXhLzq0E='

/** A new key. Its text is shown once; what is stored of it is `hashOfKey`. */
export function makeKey(): { readonly id: string; readonly text: string } {
  const id = inDigits(randomBytes(8), ID_LENGTH)
  const body = `${KEY_PREFIX}${id}_${inDigits(randomBytes(32), SECRET_LENGTH)}`
  return { id, text: body + checksumOf(body) }
}

/**
 * Of somebody whom others vouch for: always the same in one library, and another in each, as ids of keys are of one library
 * only. No text of a key has it but by chance.
 */
export function idOfPerson(library: string, issuer: string, subject: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([library, issuer, subject]))
    .digest()
  return inDigits(digest.subarray(0, 8), ID_LENGTH)
}

/** The id in the text of a key; null: it was not copied whole, or is none. */
export function idOfKey(text: string): string | null {
  const [, id] = shape.exec(text) ?? []
  const body = text.slice(0, -CHECKSUM_LENGTH)
  return id !== undefined && checksumOf(body) === text.slice(-CHECKSUM_LENGTH) ? id : null
}

/** HMAC-SHA256 with the secret of the server: who reads the database can neither use a key nor make one. */
export function hashOfKey(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}

/** Tells two secrets of servers apart, and nothing of either; no text of a key is these words. */
export function markOf(secret: string): string {
  return hashOfKey('the secret that keys are hashed with', secret)
}

export const FORMER_SECRET =
  'Set KEY_SECRET to the secret that they were made with: the former KEY_SECRET, or what stands in the file key-secret of the DATA_DIR that they come from'

/** For who runs the server. */
export function misfitWords(count: number): string {
  const [keys, they] = count === 1 ? ['1 key was', 'it opens'] : [`${count} keys were`, 'they open']
  return `${keys} made with another secret than the one that is set here, and ${they} nothing. ${FORMER_SECRET}; or revoke what is not wanted any more: npm run keys -- list`
}

/** In the same time wherever they differ. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Why a secret would be guessed, without the secret; null: it is good enough. */
export function weaknessOf(secret: string): string | null {
  if (secret.length < SHORTEST_SECRET) return `has ${secret.length} characters; ${SHORTEST_SECRET} are the least`
  if (secret === EXAMPLE_SECRET) return 'is the example of the documentation'
  const [known] =
    /change.?(?:me|this)|pass.?word|secret|example|0123456789|1234567890|abcdefgh|qwerty/i.exec(secret) ?? []
  if (known !== undefined) return `holds ${JSON.stringify(known)}, which is guessed first`
  // A random text of 32 hexadecimal digits has fewer than eight different ones once in ten thousand times.
  return new Set(secret).size < 8 ? 'has fewer than eight different characters' : null
}

function checksumOf(body: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return inDigits(bytes, CHECKSUM_LENGTH)
}

function inDigits(bytes: Buffer, length: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (; text.length < length; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text
  return text
}
