// Many spellings of one address are one page.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileNameOf, pageKey, plainUrl, toUrl } from '../../../ingest/fetch/web-url.ts'

const plain = (url: string) => plainUrl(new URL(url))
const key = (url: string) => pageKey(new URL(url))
const urls = fc.webUrl({ withFragments: true, withQueryParameters: true }).map((url) => new URL(url))

describe('plainUrl', () => {
  it.each([
    ['https://Example.COM:443/a#b', 'https://example.com/a'],
    ['https://example.com./a', 'https://example.com/a'],
    ['https://example.com/a?utm_source=x&b=1&UTM_medium=y&fbclid=z', 'https://example.com/a?b=1'],
    ['https://example.com/a?utm_source=x', 'https://example.com/a'],
    ['https://example.com/a?', 'https://example.com/a'],
    ['https://example.com/a?q=a%20b+c&r', 'https://example.com/a?q=a%20b+c&r'],
    ['https://example.com/a/../b/./c', 'https://example.com/b/c'],
    ['https://example.com/?', 'https://example.com/'],
    ['https://example.com/???', 'https://example.com/???'],
  ])('makes of %s: %s', (written, expected) => expect(plain(written)).toBe(expected))

  it('changes nothing more the second time, and never the host or the path', () => {
    fc.assert(
      fc.property(urls, (url) => {
        const once = new URL(plainUrl(url))
        expect(plainUrl(once)).toBe(once.href)
        expect([once.hostname, once.pathname, once.hash]).toEqual([url.hostname, url.pathname, ''])
      }),
    )
  })

  it('leaves out what follows readers around, wherever it stands', () => {
    const trackers = fc.constantFrom('utm_source=a', 'utm_campaign=b%20c', 'gclid=1', 'fbclid=2', 'mc_cid=3')
    fc.assert(
      fc.property(urls, trackers, (url, tracker) => {
        const followed = new URL(url)
        followed.search = url.search === '' ? tracker : `${tracker}&${url.search.slice(1)}&${tracker}`
        expect(plainUrl(followed)).toBe(plainUrl(url))
      }),
    )
  })
})

describe('pageKey', () => {
  it('is one for all spellings of a page', () => {
    fc.assert(
      fc.property(urls, fc.constantFrom('http:', 'https:'), fc.string(), (url, protocol, fragment) => {
        const other = new URL(url)
        other.protocol = protocol
        other.hash = fragment
        if (!other.pathname.endsWith('/')) other.pathname += '/'
        if (!other.hostname.startsWith('www.')) other.hostname = `www.${other.hostname}`
        expect(pageKey(other)).toBe(pageKey(url))
      }),
    )
  })

  it.each([
    ['https://example.com/a', 'https://example.com/b'],
    ['https://example.com/a', 'https://example.com/A'],
    ['https://example.com/?p=1', 'https://example.com/?p=2'],
    ['https://example.com/', 'https://docs.example.com/'],
  ])('is not one for %s and %s', (one, other) => expect(key(one)).not.toBe(key(other)))
})

describe('toUrl', () => {
  it.each([
    'mailto:a@b.c',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://user@example.com/',
    'https://',
    'nonsense',
  ])('is null for %s', (written) => expect(toUrl(written)).toBeNull())
})

it('a page has a name as a file when its path ends in one', () => {
  expect(fileNameOf(new URL('https://example.com/a/b.pdf?x=1'))).toBe('b.pdf')
  expect(fileNameOf(new URL('https://example.com/a/b'))).toBeNull()
})
