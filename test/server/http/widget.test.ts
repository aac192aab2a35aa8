// What pages of other sites may do here: what the widget needs, from the sites of WIDGET_ORIGINS, and nothing else.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { served, withoutComments } from '../../../server/http/pages.ts'
import { widgetFiles } from '../../../server/http/widget.ts'
import { openTestApp, openTestLibrary, type TestApp, type TestLibrary } from '../../support/app.ts'

const docs = 'https://docs.example.com'
const local = 'http://localhost:8000'
const strangers = ['https://evil.example', 'https://docs.example.com.evil.example', 'http://docs.example.com', 'null']
const read = (name: string) => readFileSync(new URL(`../../../web/${name}`, import.meta.url), 'utf8')

let library: TestLibrary
let app: TestApp
let answerId: string

beforeAll(async () => {
  library = await openTestLibrary()
  app = openTestApp(library, { widgetOrigins: [docs, local] })
  const answer = await app.post('/v1/ask', { question: 'How does Stripe limit requests?' })
  answerId = ((await answer.json()) as { id: string }).id
})

type Door = readonly [method: 'GET' | 'POST', path: string]
const open: Door[] = [
  ...widgetFiles.map((name): Door => ['GET', `/${name}`]),
  ['POST', '/v1/ask'],
  ['GET', '/v1/answers/:id/events'],
  ['POST', '/v1/answers/:id/stop'],
]
const shut: Door[] = [
  ['GET', '/'],
  ['GET', '/page.js'],
  ['GET', '/v1/answers'],
  ['GET', '/v1/answers/:id'],
  ['POST', '/v1/answers/:id/feedback'],
  ['POST', '/v1/search'],
  ['GET', '/v1/documents'],
  ['POST', '/v1/chat/completions'],
  ['POST', '/v1/ingest'],
  ['POST', '/mcp'],
]
const bodies: Readonly<Record<string, object>> = {
  '/v1/ask': { question: 'How does Stripe limit requests?' },
  '/v1/answers/:id/feedback': { rating: 'up' },
  '/v1/search': { query: 'token bucket' },
}

/** As a browser sends it from a page of this origin. */
async function send([method, path]: Door, origin: string, from: TestApp = app): Promise<Response> {
  const headers = { origin, 'sec-fetch-site': 'cross-site' }
  const address = path.replace(':id', answerId)
  const response =
    method === 'POST' ? await from.post(address, bodies[path] ?? {}, { headers }) : await from.get(address, { headers })
  await response.text()
  return response
}

/** The question that a browser asks first. */
async function preflight([method, path]: Door, origin: string): Promise<Response> {
  const headers = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type' }
  return await app.get(path.replace(':id', answerId), { method: 'OPTIONS', headers })
}

const permission = (response: Response) => response.headers.get('access-control-allow-origin')

describe('a page of a listed site', () => {
  it.each(open)('may %s %s, without cookies', async (...door) => {
    for (const origin of [docs, local]) {
      const response = await send(door, origin)
      expect(response.status).toBeLessThan(300)
      expect(permission(response)).toBe(origin)
      expect(response.headers.get('vary')).toContain('Origin')
      expect(response.headers.has('access-control-allow-credentials')).toBe(false)
    }
  })

  it.each(open.slice(-3))('is told so before: %s %s', async (...door) => {
    const response = await preflight(door, docs)
    expect(response.status).toBe(204)
    expect(permission(response)).toBe(docs)
    expect(response.headers.get('access-control-allow-methods')).toBe('GET,POST')
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,content-type,last-event-id')
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
  })

  it('may ask for suggestions', async () => {
    expect(permission(await send(['GET', '/v1/suggestions'], docs))).toBe(docs)
    expect(permission(await send(['GET', '/v1/suggestions'], strangers[0] ?? ''))).toBeNull()
  })

  it('can read why its question was refused', async () => {
    const response = await app.post('/v1/ask', { question: '' }, { headers: { origin: docs } })
    expect(response.status).toBe(422)
    expect(permission(response)).toBe(docs)
    expect(response.headers.get('access-control-expose-headers')).toContain('retry-after')
  })

  it.each(shut)('may not %s %s', async (...door) => {
    const response = await send(door, docs)
    expect(permission(response)).toBeNull()
    expect(door[0] === 'GET' || response.status === 403).toBe(true)
    expect(permission(await preflight(door, docs))).toBeNull()
  })

  it('reaches a server that is for this machine only by its own names', async () => {
    const loopback = openTestApp(library, { widgetOrigins: [docs], loopbackOnly: true })
    const headers = { origin: docs, host: 'evil.example' }
    expect((await loopback.get('/widget.js', { headers })).status).toBe(403)
    expect(permission(await loopback.get('/widget.js', { headers: { ...headers, host: 'localhost:3000' } }))).toBe(docs)
  })
})

describe.each(strangers)('a page of %s', (origin) => {
  it.each([...open, ...shut])('may not %s %s', async (...door) => {
    const response = await send(door, origin)
    expect(permission(response)).toBeNull()
    if (door[0] === 'POST') expect(response.status).toBe(403)
    const asked = await preflight(door, origin)
    expect(permission(asked)).toBeNull()
    expect(asked.ok).toBe(false)
  })
})

it('a cache is told that a reply without permission is for that origin only', async () => {
  expect((await send(['GET', '/widget.js'], strangers[0] ?? '')).headers.get('vary')).toContain('Origin')
})

it('without WIDGET_ORIGINS no page of another site may do anything', async () => {
  const closed = openTestApp(library)
  for (const door of open) {
    const response = await send(door, docs, closed)
    expect(permission(response)).toBeNull()
    if (door[0] === 'POST') expect(response.status).toBe(403)
  }
})

describe('the files of the widget', () => {
  it('are what it imports, and import nothing that only the map of our own page finds', () => {
    const found = new Set(['widget.js', 'widget.css'])
    const follow = (name: string) => {
      if (found.has(name)) return
      found.add(name)
      for (const [, from = ''] of read(name).matchAll(/^import .* from '([^']+)'$/gm)) {
        expect(from).toMatch(/^\.\//)
        follow(from.slice(2))
      }
    }
    follow('widget-box.js')
    expect([...found].sort()).toEqual(widgetFiles.toSorted())
  })

  it('weigh at most 15 kB together, each compressed as it is served', async () => {
    const sizes = await Promise.all(
      widgetFiles.map(async (name) => {
        const response = await app.get(`/${name}`)
        return gzipSync(await response.arrayBuffer(), { level: 9 }).length
      }),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(15_000)
  })
})

describe('a script as it is served', () => {
  it.each([
    ['// alone\na()', '\na()'],
    ['  // indented\na()', '\na()'],
    ['a() // behind code', 'a() // behind code'],
    ['/** over\n * lines */\na()', '\n\na()'],
    ['/** @type {A} */ (a) + 1\n/* b */\nc()', '/** @type {A} */ (a) + 1\n\nc()'],
    ["a('https://b')\n\nc(/\\/\\/ d/)", "a('https://b')\n\nc(/\\/\\/ d/)"],
  ])('has no comments in lines of their own: %j', (source, without) => {
    expect(withoutComments(source)).toBe(without)
  })

  const scripts = [...served.keys()].filter((name) => name.endsWith('.js'))
  it.each(scripts)('%s keeps its lines, and every one that is no comment', (name) => {
    const before = read(name).split('\n')
    const after = withoutComments(read(name)).split('\n')
    expect(after).toHaveLength(before.length)
    const gone = before.filter((line, at) => after[at] !== line)
    expect(gone.filter((line, at) => after[at] !== '' && !/^\s*(?:\/\/|\/\*|\*)/.test(line))).toEqual([])
    expect(gone.every((line) => /^\s*(?:\/\/|\/?\*)/.test(line))).toBe(true)
  })
})
