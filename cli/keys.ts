// npm run keys: makes keys, lists and revokes them, and tells what was done with them, through whoever holds the store.
import { scopes as known } from '../core/access.ts'
import { InputError } from '../core/errors.ts'
import { type CommandOptions, get } from './connect.ts'
import { minute } from './layout.ts'
import { bold, describeProblem } from './print.ts'
import { commands } from './usage.ts'

export type KeyWords = {
  readonly name: string | null
  readonly library: string | null
  readonly scopes: string | null
  readonly expires: string | null
  readonly origins: string | null
}

/** As GET /v1/keys has it. */
type WireKey = {
  readonly id: string
  readonly library: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly origins: readonly string[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  readonly issuer: string | null
  readonly last_used_at: string | null
}
type WireEntry = {
  readonly id: string
  readonly at: string
  readonly act: string
  readonly actor: string
  readonly subject: string | null
}

export async function keys(words: readonly string[], given: KeyWords, options: CommandOptions): Promise<number> {
  const [verb, id, ...rest] = words
  if (verb === 'create' && id === undefined) return await create(given, options)
  if (verb === 'list' && id === undefined) return await list(options)
  if (verb === 'audit' && id === undefined) return await audit(options)
  if (verb === 'revoke' && id !== undefined && rest.length === 0) return await revoke(id, options)
  throw new InputError('usage', commands.keys.help)
}

async function create(given: KeyWords, options: CommandOptions): Promise<number> {
  const response = await send('POST', '/v1/keys', bodyOf(given), options)
  const { key, ...made } = (await response.json()) as WireKey & { readonly key: string }
  if (options.json) return tell(JSON.stringify({ ...made, key }, null, 2))
  process.stderr.write(
    `${describe(made)}\nThis is the key. It is shown once: keep it where secrets are kept.\nRevoke it: npm run keys -- revoke ${made.id}\n`,
  )
  return tell(key)
}

/** Throws InputError that names the option and what it takes. */
export function bodyOf({ name, library, scopes, expires, origins }: KeyWords, now = Date.now()): object {
  if (name === null) throw new InputError('usage', '--name is missing: whose key is it, or what is it for?')
  const asked = listOf(scopes ?? 'ask')
  const strange = asked.find((scope) => !known.some((each) => each === scope))
  if (strange !== undefined || asked.length === 0)
    throw new InputError('usage', `--scopes: ${JSON.stringify(strange ?? scopes)} is none of ${known.join(', ')}.`)
  return {
    name,
    scopes: asked,
    expires_at: momentOf(expires ?? '90d', now),
    ...(library !== null && { library }),
    ...(origins !== null && { origins: listOf(origins) }),
  }
}

const DAY_MS = 24 * 60 * 60_000

/** `90d`, `2027-01-31` (to the end of that day, UTC) or `never`. */
function momentOf(text: string, now: number): string | null {
  if (text === 'never') return null
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? []
  const at = days === undefined ? endOf(text) : now + Number(days) * DAY_MS
  if (at === null || at <= now)
    throw new InputError(
      'usage',
      `--expires: ${JSON.stringify(text)} ${at === null ? 'is no time' : 'lies in the past'}. Name days such as 90d, a day such as 2027-01-31, or never.`,
    )
  return new Date(at).toISOString()
}

function endOf(day: string): number | null {
  const begins = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  // The 31st of February is read as a day of March.
  const isDay = !Number.isNaN(begins) && new Date(begins).toISOString().startsWith(day)
  return isDay ? begins + DAY_MS - 1000 : null
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

async function list(options: CommandOptions): Promise<number> {
  const { keys } = await get<{ readonly keys: readonly WireKey[] }>(options.connection, '/v1/keys', options.signal)
  if (options.json) return tell(JSON.stringify(keys, null, 2))
  return tell(
    keys.length === 0 ? 'There is no key. Make one: npm run keys -- create --name me' : keys.map(describe).join('\n'),
  )
}

function describe(key: WireKey): string {
  const sites = key.origins.length === 0 ? '' : ` from ${key.origins.join(', ')}`
  const whose = key.issuer === null ? key.name : `${key.name} of ${key.issuer}`
  return `${bold(key.id)}  ${whose}  ${key.scopes.join(',')} in ${key.library}${sites}  ${stateOf(key)}`
}

function stateOf({ revoked_at: revoked, expires_at: expires, last_used_at: used }: WireKey): string {
  if (revoked !== null) return `revoked ${minute(revoked)}`
  const last = used === null ? 'never used' : `used ${minute(used)}`
  if (expires === null) return `never expires, ${last}`
  return `${Date.parse(expires) <= Date.now() ? 'expired' : 'expires'} ${minute(expires)}, ${last}`
}

async function revoke(id: string, options: CommandOptions): Promise<number> {
  const response = await send('DELETE', `/v1/keys/${encodeURIComponent(id)}`, null, options)
  const reply = (await response.json()) as object
  return tell(
    options.json ? JSON.stringify(reply, null, 2) : `Revoked ${id}: streams that it has open end within a second.`,
  )
}

async function audit(options: CommandOptions): Promise<number> {
  type Page = { readonly entries: readonly WireEntry[] }
  const { entries } = await get<Page>(options.connection, '/v1/audit?limit=200', options.signal)
  if (options.json) return tell(JSON.stringify(entries, null, 2))
  const lines = entries.map(
    ({ at, act, actor, subject }) => `${minute(at)}  ${act}  by ${actor}${subject ? `  ${subject}` : ''}`,
  )
  return tell(lines.length === 0 ? 'Nothing was done yet.' : lines.join('\n'))
}

async function send(method: string, path: string, body: object | null, options: CommandOptions): Promise<Response> {
  const { connection, signal } = options
  const response = await connection.request(path, {
    method,
    signal,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${connection.token}` },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw await describeProblem(response)
  return response
}

function tell(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}
