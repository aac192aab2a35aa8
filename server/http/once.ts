// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): what is asked again under the same key is made once. An
// answer is found by its id, live or stored, on any server; of anything else the reply is kept.
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Context } from 'hono'
import { InputError } from '../../core/errors.ts'
import type { RepeatKey, RepeatStore } from '../../core/repeats.ts'
import type { Question } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { type Asked, ask } from './asking.ts'
import { leavingOf } from './principal.ts'
import { readerOf } from './reader-cookie.ts'

const HEADER = 'Idempotency-Key'
const LOOK_AGAIN_MS = 50
// An answer is stored with its first event. One that is not by then belongs to a process that died before.
const BEGUN_MS = 5_000
// To learn a document twice changes nothing: whoever has waited so long tries it again.
const MADE_MS = 30_000

type Once = { readonly key: RepeatKey; readonly fingerprint: string }

/** Null: the request may be one of many that are alike. Throws InputError. */
export function onceOf(c: Context, library: string, asked: unknown): Once | null {
  const header = c.req.header(HEADER)
  if (header === undefined) return null
  // A string of structured fields has quotation marks; most clients leave them out.
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new InputError('bad-field', `${HEADER}: is not 1 to 255 visible characters of ASCII.`, HEADER)
  const fingerprint = createHash('sha256').update(JSON.stringify([c.req.method, c.req.path, asked]))
  return { key: { library, holder: readerOf(c) ?? 'local', key }, fingerprint: fingerprint.digest('hex') }
}

type AskDeps = { readonly live: LiveAnswers; readonly repeats: RepeatStore }

/**
 * The answer to the question, or the one that was made for its key. With a key it outlives the connection that asked: who
 * sends it again has lost that one, and may come back. An answer that ended in a fault is none.
 */
export async function askOnce(c: Context, question: Question, once: Once | null, deps: AskDeps): Promise<Asked> {
  const { live, repeats } = deps
  const signal = leavingOf(c)
  if (once === null) return await ask(question, live, signal)
  let instead: string | null = null
  for (const began = performance.now(); ;) {
    const found = await repeats.claim(once.key, { ...once, id: question.id }, instead)
    if (found === null) return await ask({ ...question, resumable: true }, live, signal)
    requireSame(found.fingerprint, once)
    const log = await live.log(question.library, found.id)
    if (log?.at(-1)?.event.type === 'error') instead = found.id
    else if (log === null && performance.now() - began > BEGUN_MS) instead = found.id
    else if (log === null) await wait(LOOK_AGAIN_MS, undefined, { signal })
    else {
      const leaving = new AbortController()
      const events = await live.follow(question.library, found.id, 0, leaving.signal)
      if (events) return { id: found.id, events, leave: () => leaving.abort(), stay: () => {} }
    }
  }
}

/** What is made, or was made for its key. What fails is not kept: it may be tried again. */
export async function makeOnce(
  once: Once | null,
  repeats: RepeatStore,
  make: () => Promise<object>,
  signal: AbortSignal,
): Promise<unknown> {
  if (once === null) return await make()
  const id = randomUUID()
  for (const began = performance.now(); ; await wait(LOOK_AGAIN_MS, undefined, { signal })) {
    const claim = async (instead: string | null) => await repeats.claim(once.key, { ...once, id }, instead)
    const first = await claim(null)
    const isLate = first !== null && first.reply === null && performance.now() - began > MADE_MS
    const found = isLate ? await claim(first.id) : first
    if (found === null) return await kept(once, repeats, id, make)
    requireSame(found.fingerprint, once)
    if (found.reply !== null) return found.reply
  }
}

async function kept({ key }: Once, repeats: RepeatStore, id: string, make: () => Promise<object>): Promise<object> {
  try {
    const reply = await make()
    await repeats.keep(key, id, reply)
    return reply
  } catch (error) {
    await repeats.forget(key, id).catch(() => {})
    throw error
  }
}

function requireSame(fingerprint: string, once: Once): void {
  if (fingerprint !== once.fingerprint)
    throw new InputError(
      'key-reused',
      `${HEADER}: ${JSON.stringify(once.key.key.slice(0, 80))} was sent with another request before. Take a new key for each request, and the same one to send it again.`,
      HEADER,
    )
}
