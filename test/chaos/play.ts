// Acts of a plan, played against the server, and a ledger of what it acknowledged.
import { setTimeout as wait } from 'node:timers/promises'
import { parseEvents, terminal, type WireAnswer, type WireEvent } from '../support/wire.ts'
import type { Act, Plan, Round } from './plan.ts'
import { CANARY, headers, WRONG_KEY, type World } from './world.ts'

export type Ledger = {
  /** by name: what may be there, the versions or null for nothing; one entry once it is acknowledged */
  readonly documents: Map<string, (number | null)[]>
  readonly ids: Map<string, string>
  /** by id: what its reader saw of it */
  readonly answers: Map<string, readonly WireEvent[]>
  /** finished answers as they came as one object */
  readonly objects: Map<string, WireAnswer>
  /** what no fault explains */
  readonly faults: string[]
  acknowledged: number
  refused: number
}

export function newLedger(): Ledger {
  return {
    documents: new Map(),
    ids: new Map(),
    answers: new Map(),
    objects: new Map(),
    faults: [],
    acknowledged: 0,
    refused: 0,
  }
}

// Whatever fails, a reader is told, and this is far longer than any of it may take.
const PATIENCE_MS = 45_000

export async function play({ rounds }: Plan, world: World, ledger: Ledger): Promise<void> {
  for (const round of rounds) await playRound(round, world, ledger)
}

async function playRound({ faults, holdMs, acts, end }: Round, world: World, ledger: Ledger): Promise<void> {
  for (const fault of faults) world.set(fault)
  const playing = Promise.all([knock(world, ledger), ...acts.map(async (act) => await playAct(act, world, ledger))])
  if (end) {
    await wait(end.afterMs)
    const { code, ms } = await world.restart(end.signal)
    if (end.signal === 'SIGTERM' && code !== 0) ledger.faults.push(`SIGTERM ended the server with ${code}`)
    if (ms > 10_000) ledger.faults.push(`${end.signal} took ${Math.round(ms)} ms`)
    // Nobody else can know that its answers are dead before the silence that another replica is granted.
    if (end.signal === 'SIGKILL')
      await world.query?.(`update answers set alive_at = alive_at - interval '1 hour' where finished_at is null`)
  } else if (faults.length > 0) await wait(holdMs)
  world.heal()
  await playing
}

export function textOf(name: string, version: number): string {
  return `The archive of ${name} keeps its records in drawer number ${version} of the northern hall. Nobody opens a drawer of ${name} without the second key.`
}

const questionAbout = (name: string | null) =>
  name === null
    ? 'How does Stripe rate limit requests?'
    : `In which drawer does the archive of ${name} keep its records?`

async function playAct(act: Act, world: World, ledger: Ledger): Promise<void> {
  const url = world.url()
  await answered(JSON.stringify(act), ledger, async (signal) => {
    if (act.type === 'ask') await ask(act, url, ledger, signal)
    else if (act.type === 'search')
      await settle(await post(`${url}/v1/search`, { query: questionAbout(act.about) }, signal), ledger)
    else await write(act, url, ledger, signal)
  })
}

/** Somebody with a key that was never made: refused whatever fails, and the key is told to nobody. */
async function knock(world: World, ledger: Ledger): Promise<void> {
  const url = `${world.url()}/v1/library`
  for (const shown of [{ authorization: `Bearer ${WRONG_KEY}` }, { 'x-api-key': WRONG_KEY }])
    await answered('a wrong key', ledger, async (signal) => {
      const response = await fetch(url, { headers: shown, signal })
      if (response.ok) ledger.faults.push('a wrong key opens')
      if (response.status === 401) noSecret(response, await response.text(), ledger)
      else await settle(response, ledger)
    })
}

async function answered(what: string, ledger: Ledger, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  try {
    await work(signal)
  } catch (error) {
    // The connection is gone, with the server perhaps: what was asked may have been done.
    if (signal.aborted) ledger.faults.push(`${what} was not answered in ${PATIENCE_MS} ms`)
    else if (!(error instanceof TypeError || error instanceof DOMException)) ledger.faults.push(String(error))
  }
}

async function write(act: Extract<Act, { readonly name: string }>, url: string, ledger: Ledger, signal: AbortSignal) {
  const { name } = act
  const wanted = act.type === 'upload' ? act.version : null
  const before = ledger.documents.get(name) ?? [null]
  const id = ledger.ids.get(name)
  if (act.type === 'remove' && id === undefined) return
  // Until it is acknowledged either may be there.
  ledger.documents.set(name, [...new Set([...before, wanted])])
  const response =
    act.type === 'upload'
      ? await post(
          `${url}/v1/documents`,
          { name: `${name}.md`, markdown: `# About ${name}\n\n${textOf(name, act.version)}` },
          signal,
        )
      : await fetch(`${url}/v1/documents/${id}`, { method: 'DELETE', headers, signal })
  // It may have been removed before, by a call that was not acknowledged.
  if (response.status === 404 && act.type === 'remove' && before.includes(null)) {
    await response.text()
    return
  }
  const body = await settle(response, ledger)
  if (body === null) return
  ledger.acknowledged++
  ledger.documents.set(name, [wanted])
  const [document] = (body as { documents?: readonly { id: string }[] }).documents ?? []
  if (document) ledger.ids.set(name, document.id)
}

async function ask(
  act: Extract<Act, { type: 'ask' }>,
  url: string,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { about, form, mode, leaveAfterMs } = act
  const leaving = leaveAfterMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(leaveAfterMs)])
  const stream = form !== 'json'
  const asked = { question: questionAbout(about), mode, stream, resumable: form === 'resumable', fresh: true }
  const response = await post(`${url}/v1/ask`, asked, leaving)
  if (!stream || response.status !== 200) {
    const answer = (await settle(response, ledger)) as WireAnswer | null
    if (answer) ledger.objects.set(answer.id, answer)
    return
  }
  const events = await readUntilCut(response)
  const id = events[0]?.body.id
  if (id === undefined) return
  ledger.answers.set(id, events)
  if (form === 'resumable' && !isOver(events)) await resume(id, events, url, ledger, signal)
}

/** As a browser does: from the last event that it saw. */
async function resume(id: string, seen: readonly WireEvent[], url: string, ledger: Ledger, signal: AbortSignal) {
  const last = String(seen.at(-1)?.id ?? 0)
  const response = await fetch(`${url}/v1/answers/${id}/events`, {
    headers: { ...headers, 'last-event-id': last },
    signal,
  })
  if (response.status === 200) ledger.answers.set(id, [...seen, ...(await readUntilCut(response))])
  else await settle(response, ledger)
}

export function isOver(events: readonly WireEvent[]): boolean {
  return terminal.includes(events.at(-1)?.type ?? '')
}

/** Whole events only: a cut may stand in the middle of one. */
async function readUntilCut(response: Response): Promise<WireEvent[]> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true })
  } catch {
    // What came before stands.
  }
  return parseEvents(text.slice(0, text.lastIndexOf('\n\n') + 2))
}

async function post(url: string, body: object, signal: AbortSignal): Promise<Response> {
  return await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  })
}

function noSecret({ url, headers }: Response, text: string, ledger: Ledger): void {
  const [secret] = CANARY.exec(JSON.stringify([...headers]) + text) ?? []
  if (secret !== undefined) ledger.faults.push(`${url} gave away ${secret}`)
}

/** What is refused says so in our words, and when to come again; nothing is ever a fault without a name. */
async function settle(response: Response, ledger: Ledger): Promise<unknown> {
  const text = await response.text()
  noSecret(response, text, ledger)
  if (response.ok) return JSON.parse(text)
  ledger.refused++
  const isNamed = response.headers.get('content-type') === 'application/problem+json'
  const isOutage = response.status === 502 || (response.status === 503 && response.headers.get('retry-after') !== null)
  if (!isNamed || !isOutage) ledger.faults.push(`${response.url} gave ${response.status}: ${text}`)
  return null
}
