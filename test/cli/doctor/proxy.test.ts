// What proxies do to a stream, told by somebody who only sees their far end.
import { beforeAll, describe, expect, it } from 'vitest'
import { checkStream } from '../../../cli/doctor/proxy.ts'
import { fakeEmbedder } from '../../../models/fake.ts'
import { openTestApp } from '../../support/app.ts'
import { openKeyedApp } from '../../support/keyed.ts'
import { emptyStore } from '../../support/fake-store.ts'
import {
  answering,
  buffering,
  changing,
  faithful,
  gzipping,
  impatient,
  openProxy,
  type Pass,
} from '../../support/proxy.ts'
import { serving } from '../../support/serving.ts'

let direct: string

beforeAll(async () => {
  const server = await serving(openTestApp({ store: emptyStore(), embedder: fakeEmbedder(), folder: '' }))
  direct = server.url
  return async () => await server[Symbol.asyncDispose]()
})

async function findingsBehind(pass: Pass, host?: string) {
  await using proxy = await openProxy(direct, pass, host)
  return await checkStream(proxy.url, direct, new AbortController().signal)
}

async function worstBehind(pass: Pass, host?: string) {
  const findings = await findingsBehind(pass, host)
  const bad = findings.filter(({ level }) => level !== 'fine')
  expect(bad.length, JSON.stringify(findings)).toBe(1)
  return bad[0]!
}

// Each looks at 4.5 s of silence.
describe.concurrent('a stream', { timeout: 60_000 }, () => {
  it('that comes from the server itself is fine', async () => {
    const findings = await checkStream(direct, direct, new AbortController().signal)
    expect(findings.map(({ level }) => level)).toEqual(['fine', 'fine', 'fine'])
    expect(findings[0]!.found).toMatch(/one by one, the first of 5 events after \d+ ms$/)
  })

  it('that comes from a server that wants keys is fine, and so are questions of its page', async () => {
    await using server = await serving(openKeyedApp({ store: emptyStore(), embedder: fakeEmbedder(), folder: '' }))
    const findings = await checkStream(server.url, server.url, new AbortController().signal)
    expect(findings.map(({ level }) => level)).toEqual(['fine', 'fine', 'fine'])
  })

  it('through a faithful proxy is fine, and compared with the server itself', async () => {
    const findings = await findingsBehind(faithful)
    expect(findings.map(({ level }) => level)).toEqual(['fine', 'fine', 'fine'])
    expect(findings[0]!.found).toMatch(/events after \d+ ms; directly after \d+ ms$/)
  })

  const buffers: [name: string, pass: Pass][] = [
    ['everything', buffering(Infinity)],
    ['4 kB', buffering(4_096)],
  ]
  it.each(buffers)('that is buffered (%s) is told, with the name of the switch', async (_name, pass) => {
    expect(await worstBehind(pass)).toMatchObject({
      level: 'wrong',
      found: expect.stringContaining('until its end') as string,
      remedy: expect.stringContaining('proxy_buffering off') as string,
    })
  })

  it('that is compressed in blocks is told as that, and not as buffering', async () => {
    expect(await worstBehind(gzipping(false))).toMatchObject({
      level: 'wrong',
      found: expect.stringContaining('compresses it (gzip)') as string,
      remedy: expect.stringContaining('gzip_types') as string,
    })
  })

  it('that is compressed and flushed is worth a look', async () => {
    expect(await worstBehind(gzipping(true))).toMatchObject({
      level: 'look',
      found: expect.stringContaining('flushed in time') as string,
    })
  })

  it('without its type is told', async () => {
    expect(await worstBehind(changing({ 'content-type': null }))).toMatchObject({
      level: 'wrong',
      found: expect.stringContaining('no type at all instead of text/event-stream') as string,
    })
  })

  it('that caches may keep is worth a look', async () => {
    expect(await worstBehind(changing({ 'cache-control': 'public, max-age=60' }))).toMatchObject({
      level: 'look',
      found: 'changed on the way: cache-control is public, max-age=60',
    })
  })

  it('that is cut in a silence of 2 s is told, with how long it lasted', async () => {
    expect(await worstBehind(impatient(2_000))).toMatchObject({
      level: 'wrong',
      found: expect.stringMatching(/silent stream is cut after [23]\.\d s/) as string,
      remedy: expect.stringContaining('proxy_read_timeout') as string,
    })
  })

  it('whose Host is rewritten lets nobody ask from the page', async () => {
    expect(await worstBehind(faithful, 'upstream.internal')).toMatchObject({
      level: 'wrong',
      found: expect.stringMatching(/\(cross-site\).*127\.0\.0\.1:\d+.*told upstream\.internal/) as string,
      remedy: expect.stringContaining('proxy_set_header Host $host') as string,
    })
  })
})

describe.concurrent('what is no stream of ours', () => {
  const others: [name: string, pass: Pass, level: string, found: RegExp, remedy: RegExp][] = [
    ['502', answering(502, {}, '<html>Bad Gateway</html>'), 'wrong', /answers 502$/, /does not reach the server/],
    [
      'a redirect',
      answering(301, { location: 'https://ask.example.com/' }),
      'wrong',
      /leads to https:\/\/ask\.example\.com\/$/,
      /--url and PUBLIC_URL/,
    ],
    ['a login', answering(401), 'look', /wants a login/, /behind the login/],
    ['another site', answering(200, { 'content-type': 'text/html' }, '<html>'), 'wrong', /something else/, /address/],
    ['a path that is not passed on', answering(404, {}, 'not found'), 'wrong', /answers 404$/, /pass GET \/v1\/ping/],
  ]
  it.each(others)('is told as what it is: %s', async (_name, pass, level, found, remedy) => {
    expect(await findingsBehind(pass)).toEqual([
      { level, found: expect.stringMatching(found) as string, remedy: expect.stringMatching(remedy) as string },
    ])
  })

  it('is told with the word of the system when nobody is there', async () => {
    const gone = await openProxy(direct, faithful)
    await gone[Symbol.asyncDispose]()
    expect(await checkStream(gone.url, direct, new AbortController().signal)).toEqual([
      {
        level: 'wrong',
        found: `${gone.url} does not answer (ECONNREFUSED)`,
        remedy: expect.stringContaining('start the proxy or the server') as string,
      },
    ])
  })

  it('is a server that refuses the name it is asked by', async () => {
    const app = openTestApp({ store: emptyStore(), embedder: fakeEmbedder(), folder: '' }, { loopbackOnly: true })
    await using server = await serving(app)
    await using proxy = await openProxy(server.url, faithful, 'ask.example.com')
    expect(await checkStream(proxy.url, server.url, new AbortController().signal)).toMatchObject([
      { level: 'wrong', found: expect.stringContaining('403 (wrong-host)') as string },
    ])
  })
})
