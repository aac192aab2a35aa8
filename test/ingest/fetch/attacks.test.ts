// Attacks on the guard: over two hundred ways to name this machine or its neighbours, names that change their mind, and
// redirects. What counts is that nobody connected: a canary listens on loopback and counts.
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Openings } from '../../../ingest/fetch/address.ts'
import type { Resolve } from '../../../ingest/fetch/connect.ts'
import { type Fetcher, openFetcher } from '../../../ingest/fetch/fetch.ts'
import { anyType } from '../../../ingest/fetch/media-types.ts'
import { moved, openFixtureSite } from '../../support/fixture-site.ts'

const { signal } = new AbortController()
const never: Resolve = async (hostname) => {
  throw Object.assign(new Error(hostname), { code: 'ENOTFOUND' })
}

let canary: Server
let port = 0
let connections = 0
beforeAll(async () => {
  canary = createServer((socket) => {
    connections++
    socket.resume().on('error', () => {})
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret')
  })
  const listen = (host: string) =>
    new Promise<void>((resolve, reject) => canary.once('error', reject).listen(0, host, resolve))
  // Both families where the machine has both.
  await listen('::').catch(() => listen('0.0.0.0'))
  port = (canary.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => canary.close(resolve)))
beforeEach(() => {
  connections = 0
})

/** The port of the canary is open: it is the address that has to be refused. */
function fetcherWith(resolve: Resolve, openings: Partial<Openings> = {}): Fetcher {
  const limits = { headersMs: 20_000, retries: 0 }
  return openFetcher({ publicUrl: null, openings: { hosts: [], ports: [port], ...openings }, resolve, limits })
}

async function outcomeOf(fetcher: Fetcher, url: string): Promise<string> {
  try {
    const fetched = await fetcher.get({ source: url, url, accept: anyType }, signal)
    return `fetched ${fetched?.bytes.toString()}`
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

const loopback4 = ['127.0.0.1', '127.0.0.2', '127.1.2.3', '127.255.255.254', '0.0.0.0', '0.0.0.1']
const private4 =
  '10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.254 192.0.0.1 192.0.0.170 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.254 192.175.48.1 198.18.0.1 198.19.255.254 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255'.split(
    ' ',
  )

const numbers = (address: string) => address.split('.').map(Number) as [number, number, number, number]
const asOne = (address: string) => numbers(address).reduce((sum, part) => sum * 256 + part, 0)
const hex = (part: number) => `0x${part.toString(16)}`
const octal = (part: number) => `0${part.toString(8)}`

/** One address in all the spellings that a URL parser knows. */
function spellings(address: string): string[] {
  const [a, b, c, d] = numbers(address)
  const wide = address.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))
  return [
    address,
    `${address}.`,
    String(asOne(address)),
    `0x${asOne(address).toString(16)}`,
    `0${asOne(address).toString(8)}`,
    [a, b, c, d].map(hex).join('.'),
    [a, b, c, d].map(octal).join('.'),
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    `${hex(a)}.${octal(b)}.${c}.${d}`,
    wide,
    wide.replaceAll('.', '\u3002'),
    address.replaceAll('.', '%2e'),
    `%31${address.slice(1)}`.replace(/^%31(?=\.)/, encodeURIComponent(address[0] ?? '')),
  ]
}

function mapped(address: string): string[] {
  const [a, b, c, d] = numbers(address)
  const high = (a * 256 + b).toString(16)
  const low = (c * 256 + d).toString(16)
  return [
    `[::ffff:${address}]`,
    `[::ffff:${high}:${low}]`,
    `[0:0:0:0:0:ffff:${high}:${low}]`,
    `[::${high}:${low}]`,
    `[::ffff:0:${address}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b:1::${high}:${low}]`,
    `[2002:${high}:${low}::1]`,
    `[2001::${high}:${low}]`,
  ]
}

const literal6 =
  '[::1] [::] [0:0:0:0:0:0:0:1] [0000::0001] [fe80::1] [fec0::1] [fc00::1] [fd00:ec2::254] [ff02::1] [ff0e::1] [100::1] [2001:db8::1] [2001:2::1] [2001:20::1] [3fff::1] [5f00::1]'.split(
    ' ',
  )

const hosts = [
  ...loopback4.flatMap(spellings),
  ...private4.flatMap((address) => [address, String(asOne(address)), `[::ffff:${address}]`]),
  ...loopback4.flatMap(mapped),
  ...literal6,
]
const odd = (port: number): string[] => [
  `http://user@127.0.0.1:${port}/`,
  `http://user:password@127.0.0.1:${port}/`,
  `http://example.com@127.0.0.1:${port}/`,
  `http://example.com:80@127.0.0.1:${port}/`,
  `http://127.0.0.1:${port}\\@example.com/`,
  `http://127.0.0.1:${port}#@example.com/`,
  `http://127.0.0.1:${port}?@example.com/`,
  `http:\\\\127.0.0.1:${port}\\`,
  `http:127.0.0.1:${port}`,
  `http:///127.0.0.1:${port}/`,
  ` http://127.0.0.1:${port}/ `,
  `ht\ntp://127.0.0.1:${port}/`,
  `http://127.0.0.1\t:${port}/`,
  `HTTP://127.0.0.1:${port}/`,
  `https://127.0.0.1:${port}/`,
  `ftp://127.0.0.1:${port}/`,
  `gopher://127.0.0.1:${port}/_GET`,
  `file:///etc/passwd`,
  `data:text/html,hello`,
  `javascript:alert(1)`,
  `blob:http://127.0.0.1:${port}/1`,
  `unix:/run/docker.sock`,
  `//127.0.0.1:${port}/`,
  `127.0.0.1:${port}`,
  `http://[::1%25lo]:${port}/`,
  `http://[fe80::1%lo]:${port}/`,
  `http://127.0.0.1:${port}:80/`,
  `http://127.0.0.1.:${port}/`,
  `http://0177.0.0.01:${port}/`,
  `http://256.0.0.1:${port}/`,
  `http://127.0.0.0x1:${port}/`,
  `http://①②⑦.⓪.⓪.①:${port}/`,
]

describe('attacks by spelling', () => {
  it('connect to nobody, in more than two hundred of them', async () => {
    const urls = [...hosts.map((host) => `http://${host}:${port}/`), ...odd(port)]
    expect(new Set(urls).size).toBeGreaterThanOrEqual(200)
    const fetcher = fetcherWith(never)
    const outcomes = await Promise.all(urls.map(async (url) => [url, await outcomeOf(fetcher, url)] as const))
    const allowed = outcomes.filter(([, outcome]) => !/^(?:refused-url|refused-address|unreachable)$/.test(outcome))
    expect(allowed).toEqual([])
    expect(connections).toBe(0)
    fetcher.close()
  })

  it('would reach the canary if the operator allowed it', async () => {
    const fetcher = fetcherWith(never, { hosts: [`127.0.0.1:${port}`] })
    expect(await outcomeOf(fetcher, `http://127.0.0.1:${port}/`)).toBe('fetched secret')
    expect(connections).toBe(1)
    fetcher.close()
  })
})

describe('attacks by name', () => {
  const everyAddress = [...loopback4, ...private4, ...literal6.map((host) => host.slice(1, -1)), '::ffff:127.0.0.1']

  it.each(everyAddress)('connect to nobody when a name is %s', async (address) => {
    const fetcher = fetcherWith(async () => [address])
    expect(await outcomeOf(fetcher, `http://innocent.example:${port}/`)).toBe('refused-address')
    expect(connections).toBe(0)
    fetcher.close()
  })

  it.each(['localhost', 'localhost.', 'LOCALHOST'])('connect to nobody when the system looks up %s', async (name) => {
    const fetcher = openFetcher({ publicUrl: null, openings: { hosts: [], ports: [port] }, limits: { retries: 0 } })
    expect(await outcomeOf(fetcher, `http://${name}:${port}/`)).toMatch(/^(?:refused-address|unreachable)$/)
    expect(connections).toBe(0)
    fetcher.close()
  })

  it('connect to nobody when one of several addresses is private, wherever it stands', async () => {
    for (const addresses of [
      ['192.0.43.8', '127.0.0.1'],
      ['127.0.0.1', '192.0.43.8'],
    ]) {
      const fetcher = fetcherWith(async () => addresses)
      expect(await outcomeOf(fetcher, `http://both.example:${port}/`)).toBe('refused-address')
      fetcher.close()
    }
    expect(connections).toBe(0)
  })

  it('connect to nobody when a name changes its mind between two looks', async () => {
    // No test leaves this machine: 127.0.0.2 plays the public address, and 127.0.0.1 the one that must not be reached.
    let reached = 0
    const decoy = createServer((socket) => {
      reached++
      socket.resume().on('error', () => {})
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\npublic')
    })
    const lonely = createServer((socket) => {
      connections++
      socket.destroy()
    })
    const ports = await listenTogether(decoy, '127.0.0.2', lonely, '127.0.0.1')
    for (const turns of [
      ['127.0.0.2', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.2'],
    ]) {
      let asked = 0
      const resolve: Resolve = async () => [turns[asked++ % 2] ?? '']
      const openings = { hosts: [], ports: [ports] }
      const fetcher = openFetcher({ publicUrl: null, openings, resolve, isPublic: isDecoy, limits: { retries: 0 } })
      const outcomes = []
      for (let n = 0; n < 20; n++) outcomes.push(await outcomeOf(fetcher, `http://rebind.example:${ports}/${n}`))
      expect(outcomes).toEqual(
        Array.from({ length: 20 }, (_, n) => (turns[n % 2] === '127.0.0.2' ? 'fetched public' : 'refused-address')),
      )
      // One look for each connection: there is no second one that could say something else.
      expect(asked).toBe(20)
      fetcher.close()
    }
    expect({ reached, connections }).toEqual({ reached: 20, connections: 0 })
    await Promise.all([decoy, lonely].map((server) => new Promise((resolve) => server.close(resolve))))
  })

  it('send nothing to a peer that is not the one that was looked up', async () => {
    let checks = 0
    // The address passes when it is looked up, and not when the connection stands.
    const isPublic = () => ++checks === 1
    const received: Buffer[] = []
    const server = createServer((socket) => socket.on('data', (part) => received.push(part)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const openings = { hosts: [], ports: [port] }
    const fetcher = openFetcher({
      publicUrl: null,
      openings,
      resolve: async () => ['127.0.0.1'],
      isPublic,
      limits: { retries: 0 },
    })
    expect(await outcomeOf(fetcher, `http://peer.example:${port}/`)).toBe('refused-address')
    await new Promise((resolve) => server.close(resolve))
    expect(received).toEqual([])
    fetcher.close()
  })
})

const isDecoy = (address: string) => address === '127.0.0.2'

/** Two servers with one port number on two addresses. */
async function listenTogether(one: Server, host: string, other: Server, otherHost: string): Promise<number> {
  await new Promise<void>((resolve) => one.listen(0, host, resolve))
  const { port } = one.address() as AddressInfo
  await new Promise<void>((resolve, reject) => other.once('error', reject).listen(port, otherHost, resolve))
  return port
}

describe('attacks by redirect', () => {
  it('connect to nobody, whatever a server that may be read says', async () => {
    const targets = hosts
      .filter((host, index) => index % 3 === 0 && /^[ -~]+$/.test(host))
      .map((host) => `http://${host}:${port}/`)
    await using site = await openFixtureSite(
      Object.fromEntries(
        targets.map((target, index) => [`/${index}`, moved(target, [301, 302, 303, 307, 308][index % 5])]),
      ),
    )
    const fetcher = fetcherWith(never, { hosts: [site.host] })
    const outcomes = await Promise.all(targets.map((_, index) => outcomeOf(fetcher, `${site.url}/${index}`)))
    const said = /^(?:refused-url|refused-address|bad-redirect|unreachable)$/
    expect(outcomes.filter((outcome) => !said.test(outcome))).toEqual([])
    expect(site.asked).toHaveLength(targets.length)
    expect(connections).toBe(0)
    fetcher.close()
  })

  it('carry no cookie, no credential and no referrer to another host', async () => {
    await using other = await openFixtureSite({ '/': moved('/', 200) })
    await using site = await openFixtureSite({
      '/': (_, response) => {
        response
          .writeHead(302, { location: `${other.url}/`, 'set-cookie': 'session=secret', 'www-authenticate': 'Basic' })
          .end()
      },
    })
    const fetcher = fetcherWith(never, { hosts: [site.host, other.host] })
    await outcomeOf(fetcher, `${site.url}/`)
    expect(Object.keys(other.asked[0]?.headers ?? {}).toSorted()).toEqual(
      'accept accept-encoding connection host user-agent'.split(' '),
    )
    fetcher.close()
  })
})
