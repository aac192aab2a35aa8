// Requests of two libraries at random, at every live route, for things of their own, of the other one and of none: no byte
// of the other one's words comes back, in no reply, no header and no line of the log.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rules } from '../../../server/http/access.ts'
import { bearer } from '../../support/keyed.ts'
import { asked, call, openTenants, send, type Tenant, type Tenants, type Things } from '../../support/tenants.ts'
import { isThorough } from '../../support/thorough.ts'

// As many as are claimed for, or as many as a minute allows.
const REQUESTS = isThorough ? 100_000 : 2_000
const AT_ONCE = 8
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101)

let tenants: Tenants

beforeAll(async () => {
  tenants = await openTenants()
}, 240_000)
afterAll(async () => {
  await tenants.database[Symbol.asyncDispose]()
})

type Drawn = {
  readonly isOne: boolean
  readonly carrier: 'Bearer' | 'x-api-key' | 'cookie' | 'none'
  readonly scopes: 'ask' | 'all'
  readonly route: number
  readonly whose: 'own' | 'theirs' | 'nobodys'
  readonly library: 'own' | 'theirs' | 'left out'
  readonly words: string
  readonly accept: string
  readonly tool: 'search' | 'fetch' | 'ask'
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  isOne: fc.boolean(),
  carrier: fc.constantFrom('Bearer', 'x-api-key', 'cookie', 'none'),
  scopes: fc.constantFrom('ask', 'all'),
  route: fc.nat(),
  whose: fc.constantFrom('own', 'theirs', 'theirs', 'nobodys'),
  library: fc.constantFrom('own', 'theirs', 'left out'),
  words: fc.constantFrom(
    'What is the secret budget?',
    'How does the rate limiter hold every user?',
    'Who decided it in the spring?',
    'canary',
    'What do you know of OWN?',
    'And then?',
    'budget OR 1=1 --',
    "'; set footnote.library = 'next'; --",
    '%',
  ),
  accept: fc.constantFrom('*/*', 'text/event-stream', 'text/html', 'application/json'),
  tool: fc.constantFrom('search', 'fetch', 'ask'),
})

const none: Things = {
  answer: 'ans_x',
  conversation: 'con_x',
  document: 'doc_x',
  revision: 'x',
  sync: 'syn_x',
  key: 'x',
}

// What is its own a library keeps: without it, every later request would be for nothing.
const left = new Set(['DELETE /v1/documents/:id', 'DELETE /v1/keys/:id', 'DELETE /v1/conversations/:id'])

it(
  `of ${REQUESTS.toLocaleString('en')} requests between two libraries none is answered with a word of the other`,
  async () => {
    const { one, two, fetch } = tenants
    const routes = one.app.routes.filter(
      ({ method, path }) =>
        rules.has(`${method} ${path}`) && !isFile(path) && `${method} ${path}` !== 'DELETE /v1/session',
    )
    const shown = new Map<string, Awaited<ReturnType<typeof credentialsOf>>>()
    for (const tenant of [one, two]) shown.set(tenant.name, await credentialsOf(tenant))
    const requests = fc.sample(drawn, { numRuns: REQUESTS, seed: SEED })
    const statuses = new Map<number, number>()
    const own = { main: 0, next: 0 }
    const perform = async (request: Drawn) => {
      const [self, other] = request.isOne ? [one, two] : [two, one]
      const { method, path } = routes[request.route % routes.length] ?? { method: 'GET', path: '/' }
      const isOwn = request.whose === 'own' && !left.has(`${method} ${path}`)
      const things = isOwn ? self.things : request.whose === 'nobodys' ? none : other.things
      const headers = { ...shown.get(self.name)?.[request.scopes][request.carrier], accept: acceptOf(path, request) }
      const words = request.words.replace('OWN', self.canary)
      const given = asked(method, path, things, libraryOf(request, self, other))
      const { path: at, body } = worded(given, { ...request, words }, things)
      const response = await send(fetch, method, at, headers, body)
      const reply = `${JSON.stringify([...response.headers])}\n${await response.text()}`.toLowerCase()
      if (reply.includes(other.canary)) throw new Error(`${method} ${at} of ${self.name}: ${reply.slice(0, 500)}`)
      // A stranger belongs to no library.
      if (request.carrier === 'none' && reply.includes(self.canary)) throw new Error(`${method} ${at} told a stranger`)
      if (reply.includes(self.canary)) own[self.name as keyof typeof own]++
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
    const waiting = requests.values()
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const request of waiting) {
          await perform(request)
          for (const [tenant, other] of [[one, two] as const, [two, one] as const]) noLineOf(tenant, other)
        }
      }),
    )
    process.stderr.write(`${JSON.stringify({ seed: SEED, own, statuses: Object.fromEntries(statuses) })}\n`)
    // What is looked for is there: each library was told its own words again and again.
    expect(Math.min(own.main, own.next)).toBeGreaterThan(REQUESTS / 50)
  },
  isThorough ? 6 * 3_600_000 : 300_000,
)

/** It is the same for everybody. */
function isFile(path: string): boolean {
  return /\.(js|css|svg|json)$|^\/(docs|login|slack\/)/.test(path)
}

type Carried = Readonly<Record<Drawn['carrier'], Readonly<Record<string, string>>>>

async function credentialsOf(tenant: Tenant): Promise<Readonly<Record<Drawn['scopes'], Carried>>> {
  const carried = async (key: string): Promise<Carried> => ({
    Bearer: bearer(key),
    'x-api-key': { 'x-api-key': key },
    cookie: { cookie: await tenant.login(key) },
    none: {},
  })
  return {
    ask: await carried(await tenant.key()),
    all: await carried(await tenant.key({ scopes: ['ask', 'ingest', 'admin'] })),
  }
}

function acceptOf(path: string, { accept }: Drawn): string {
  return path === '/mcp' ? 'application/json, text/event-stream' : accept
}

function libraryOf({ library }: Drawn, self: Tenant, other: Tenant): string {
  return library === 'theirs' ? other.name : self.name
}

/** The same, in the words that were drawn. */
function worded({ path, body }: ReturnType<typeof asked>, { words, library, tool }: Drawn, things: Things) {
  if (typeof body !== 'object' || body === null) return { path, body }
  if (path === '/mcp') return { path, body: call(tool, argumentsOf(tool, words, things)) }
  const given = { ...body } as Record<string, unknown>
  if (library === 'left out') delete given['library']
  if ('question' in given) given['question'] = words
  if ('query' in given) given['query'] = words
  return { path, body: given }
}

function argumentsOf(tool: Drawn['tool'], words: string, { document }: Things) {
  if (tool === 'fetch') return { id: document }
  return tool === 'ask' ? { question: words } : { query: words }
}

/** What was written since is looked through and forgotten. */
function noLineOf({ app: { lines }, name }: Tenant, other: Tenant): void {
  for (const line of lines.splice(0))
    if (line.toLowerCase().includes(other.canary)) throw new Error(`the log of ${name}: ${line.slice(0, 500)}`)
}
