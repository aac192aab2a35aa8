// Two libraries of one server, each with words that stand nowhere else: in its documents, questions, conversations, names
// of keys and files. Whatever the one is told, none of the other's may be in it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scope } from '../../core/access.ts'
import { hashOfKey, makeKey } from '../../core/keys.ts'
import { createFront } from '../../server/http/front.ts'
import { openLookUps } from '../../server/http/look-ups.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { openStore } from '../../store/open.ts'
import { KEY_SECRET, learn, openTestApp, type TestApp, type TestLibrary, TOKEN } from './app.ts'
import { bearer } from './keyed.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'
import { folderOfFile } from './folder.ts'

export type Things = Readonly<Record<'answer' | 'conversation' | 'document' | 'revision' | 'sync' | 'key', string>>

export type Tenant = TestLibrary & {
  readonly name: string
  readonly app: TestApp
  readonly canary: string
  readonly things: Things
  /** The text of a new key of this library, called by its canary. */
  readonly key: (given?: { scopes?: readonly Scope[]; expiresAt?: string | null }) => Promise<string>
  readonly login: (key: string) => Promise<string>
}

export type Tenants = {
  readonly one: Tenant
  readonly two: Tenant
  readonly fetch: (request: Request) => Promise<Response>
  readonly database: TestDatabase
}

export const everything: readonly Scope[] = ['ask', 'ingest', 'admin']
const slack = { botToken: 'xoxb-1', signingSecret: 'of-slack', appToken: null, channels: [], humanChannel: null }

export async function openTenants(): Promise<Tenants> {
  const database = await openTestDatabase()
  const [one, two] = [await openTenant(database, 'main', true), await openTenant(database, 'next', false)]
  const fetch = createFront({
    keys: one.store.keys,
    sessions: one.store.sessions,
    lookUp: openLookUps(),
    secret: KEY_SECRET,
    token: TOKEN,
    isPublic: true,
    publicUrl: null,
    nobodys: one.app,
    appOf: (name) => [one, two].find((each) => each.name === name)?.app ?? null,
  })
  const filled = async (tenant: Bare): Promise<Tenant> => ({
    ...tenant,
    login: async (key) => await loginTo(fetch, key),
    things: await thingsOf(fetch, tenant, await tenant.key({ scopes: everything })),
  })
  return { one: await filled(one), two: await filled(two), fetch, database }
}

type Bare = Omit<Tenant, 'things' | 'login'>

async function openTenant(database: TestDatabase, name: string, hasSlack: boolean): Promise<Bare> {
  const canary = `canary${name}${name === 'main' ? 'qzxv' : 'jwkp'}`
  const folder = join(await folderOfFile(), canary)
  await mkdir(folder)
  // Both are found by the same words, at the same places.
  await writeFile(join(folder, `${canary}.md`), `# The budget of ${canary}\n\n${body(canary)}`)
  await writeFile(
    join(folder, 'plain.md'),
    `# Rate limits of ${canary}\n\nThe limiter of ${canary} allows 40 requests.\n`,
  )
  const embedder = await openStaticEmbedder()
  const library = { store: await openStore(database, name, embedder), embedder, folder }
  await learn(library, [folder], name)
  const app = openTestApp(library, {
    library: name,
    logQuestions: true,
    ...(hasSlack && { slack: { ...slack, apiUrl: 'http://127.0.0.1:9/' } }),
  })
  const key: Tenant['key'] = async ({ scopes = ['ask'] as const, expiresAt = null } = {}) => {
    const { id, text } = makeKey()
    const holder = { id, library: name, name: `of ${canary}`, scopes, origins: [] }
    await library.store.keys.create({ ...holder, expiresAt, hash: hashOfKey(text, KEY_SECRET) })
    return text
  }
  return { ...library, name, app, canary, key }
}

function body(canary: string): string {
  return `The secret budget of ${canary} is ${canary.length} million. It was decided in the spring by ${canary}.

## Limits

The rate limiter of ${canary} holds every user of ${canary} to 40 requests a second.
`
}

async function loginTo(fetch: Tenants['fetch'], key: string): Promise<string> {
  const response = await send(fetch, 'POST', '/v1/session', {}, { key })
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

export async function send(
  fetch: Tenants['fetch'],
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<Response> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  return await fetch(
    new Request(`http://test${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, ...sent }),
  )
}

async function thingsOf(fetch: Tenants['fetch'], { canary, folder, store, name }: Bare, key: string): Promise<Things> {
  const headers = bearer(key)
  const asked = await send(fetch, 'POST', '/v1/ask', headers, { question: `What is the secret budget of ${canary}?` })
  const { id: answer, conversation_id: conversation } = (await asked.json()) as { id: string; conversation_id: string }
  const [document] = await store.documents.list(name, 1)
  const synced = await send(fetch, 'POST', '/v1/documents', headers, {
    name: `${canary}.md`,
    markdown: `# Sent\n\nWhat was sent by ${canary}: the budget is ${canary}.`,
  })
  if (!synced.ok) throw new Error(await synced.text())
  await store.syncs.begin(name, { id: `syn_${name}`, trigger: 'command', roots: [folder] })
  const { id = '', revision = '' } = document ?? {}
  return { answer, conversation, document: id, revision, sync: `syn_${name}`, key: key.split('_')[1] ?? '' }
}

export type Asked = { readonly path: string; readonly body?: unknown }

/** The route asked for things, of whomever they are, in the library of this name. */
export function asked(method: string, route: string, things: Things, library: string): Asked {
  const { answer, conversation, document, sync, key, revision } = things
  const id = idAt(route, { answer, conversation, document, sync, key, model: 'footnote' })
  const path = route.replace(':id', id)
  const question = 'What is the secret budget?'
  const messages = [{ role: 'user', content: question }]
  const bodies: Readonly<Record<string, unknown>> = {
    'POST /v1/ask': { question, conversation_id: conversation, library },
    'POST /v1/search': { query: 'secret budget rate limiter', library },
    'POST /v1/chat/completions': { model: 'footnote', messages },
    'POST /api/chat': { id: conversation, messages: [{ role: 'user', parts: [{ type: 'text', text: question }] }] },
    'POST /mcp': call('fetch', { id: document }),
    'PATCH /v1/conversations/:id': { title: 'mine now' },
    'POST /v1/answers/:id/feedback': { rating: 'up' },
    'POST /v1/documents': { name: 'note.md', markdown: '# Note\n\nAbout nothing.' },
    'POST /v1/ingest': { paths: ['/'], sources: [] },
    'POST /v1/ingest/plan': { paths: [], sources: [] },
    'POST /v1/keys': { name: 'mine', scopes: ['ask'], expires_at: null, library },
    'POST /v1/reembed': { step: 'list' },
  }
  const query: Readonly<Record<string, string>> = {
    'GET /v1/answers': `?conversation_id=${conversation}`,
    'GET /v1/documents/:id': `?revision=${revision}`,
    'GET /documents/:id': `?revision=${revision}`,
    'GET /v1/documents': '?limit=200',
  }
  const name = `${method} ${route}`
  const body = bodies[name] ?? (method === 'POST' ? {} : undefined)
  return { path: path + (query[name] ?? ''), ...(body !== undefined && { body }) }
}

export function call(tool: string, given: object) {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: given } }
}

function idAt(
  route: string,
  ids: Readonly<Record<'answer' | 'conversation' | 'document' | 'sync' | 'key' | 'model', string>>,
): string {
  if (route.includes('/conversations/') || route.includes('/chat/')) return ids.conversation
  if (route.includes('/documents/')) return ids.document
  if (route.includes('/syncs/')) return ids.sync
  if (route.includes('/keys/')) return ids.key
  return route.includes('/models/') ? ids.model : ids.answer
}
