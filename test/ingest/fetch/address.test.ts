// Which addresses and URLs are public: the tables of IANA by example, and their edges.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allowedHost, isGlobalAddress, refusalOf } from '../../../ingest/fetch/address.ts'

const none = { hosts: [], ports: [] }

describe('isGlobalAddress', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
  ])('takes %s', (address) => expect(isGlobalAddress(address)).toBe(true))
  it.each(['172.15.255.255', '172.32.0.0', '192.167.255.255', '198.17.255.255', '198.20.0.0', '223.255.255.255'])(
    'takes the neighbour %s of a special range',
    (address) => expect(isGlobalAddress(address)).toBe(true),
  )
  it.each(['2606:4700::1111', '2001:4860:4860::8888', '2a00:1450::1', '2400::1', '2001:200::1'])(
    'takes %s',
    (address) => expect(isGlobalAddress(address)).toBe(true),
  )
  it.each(
    '0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255'.split(
      ' ',
    ),
  )('refuses %s', (address) => expect(isGlobalAddress(address)).toBe(false))
  it.each(
    ':: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff::1 2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%lo fec0::1 ff02::1 4000::1 1fff::1'.split(
      ' ',
    ),
  )('refuses %s', (address) => expect(isGlobalAddress(address)).toBe(false))
  it('takes nothing that is no address', () => {
    fc.assert(fc.property(fc.string(), (text) => !isGlobalAddress(text)))
    expect(isGlobalAddress('127.1')).toBe(false)
  })
})

describe('refusalOf', () => {
  it.each([
    ['https://example.com/', null],
    ['https://example.com:443/', null],
    ['http://example.com:443/', null],
    ['http://user@example.com/', 'user name'],
    ['http://:secret@example.com/', 'user name'],
    ['ftp://example.com/', 'ftp:'],
    ['file:///etc/passwd', 'file:'],
    ['http://example.com:8080/', 'port 8080'],
    ['http://[::1]/', 'no public address'],
  ])('says of %s: %s', (url, said) => {
    const refusal = refusalOf(new URL(url), none)
    if (said === null) expect(refusal).toBeNull()
    else expect(refusal).toContain(said)
  })

  it('names what opens an address, and where, and nothing that would lead to the next refusal', () => {
    const [byName, byAddress] = ['wiki.corp', '10.0.0.5'].map((host) =>
      refusalOf(new URL(`http://${host}:8443/`), none),
    )
    expect(byName).toBe(
      'uses port 8443: only 80 and 443 are allowed, unless sources.yaml names wiki.corp:8443 under allowHosts or, for a public host, 8443 under allowPorts',
    )
    expect(byAddress).toBe(
      'leads to 10.0.0.5, which is no public address: if you trust it, name 10.0.0.5:8443 under allowHosts in sources.yaml',
    )
  })

  it('lets through what the operator named, and nothing beside it', () => {
    const openings = { hosts: ['10.0.0.5', 'wiki.corp:8443'], ports: [8080] }
    const may = (url: string) => refusalOf(new URL(url), openings) === null
    expect(may('http://10.0.0.5/')).toBe(true)
    expect(may('https://wiki.corp:8443/a')).toBe(true)
    expect(may('http://example.com:8080/')).toBe(true)
    expect(may('http://10.0.0.5:8080/')).toBe(false)
    expect(may('http://10.0.0.6/')).toBe(false)
    expect(may('http://wiki.corp:9000/')).toBe(false)
    expect(may('http://user@10.0.0.5/')).toBe(false)
  })
})

describe('allowedHost', () => {
  it.each([
    ['Wiki.Corp', 'wiki.corp'],
    ['wiki.corp:8443', 'wiki.corp:8443'],
    ['[::1]:9000', '[::1]:9000'],
    ['0x7f.1', '127.0.0.1'],
    ['http://wiki.corp', null],
    ['wiki.corp/path', null],
    ['me@wiki.corp', null],
    ['', null],
  ])('reads %s as %s', (written, host) => expect(allowedHost(written)).toBe(host))
})
