import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { pageRoutes, served } from '../../../server/http/pages.ts'
import { readerRoutes } from '../../../server/http/reader.ts'
import { toBlocks } from '../../../server/http/reader-blocks.ts'
import { bucket, documents, limiters } from '../../support/fake-answers.ts'
import { fakeDocument, fakeDocuments } from '../../support/fake-site.ts'

const webDir = fileURLToPath(new URL('../../../web', import.meta.url))
const reader = readerRoutes({ documents: fakeDocuments(documents), library: 'default' })
const read = async (path: string) => {
  const response = await reader.request(path)
  return { response, html: await response.text() }
}
const marked = (html: string) => [...html.matchAll(/<mark>(.*?)<\/mark>/gs)].map(([, words]) => words)

describe('the reader page', () => {
  it('shows title, source, date and the original', async () => {
    const { response, html } = await read('/documents/doc_limiters?revision=r1')
    expect(response.status).toBe(200)
    expect(html).toContain('<h1 dir="auto">How Stripe keeps its API up</h1>')
    expect(html).toContain('doc_limiters.md')
    expect(html).toContain('30 March 2017')
    expect(html).toContain('href="https://example.com/limiters" rel="noopener noreferrer"')
  })

  it('says a title once that the text begins with, and keeps it in the text', async () => {
    const titled = fakeDocument({ id: 'doc', title: 'A title', text: '# A title\n\nWords. A title' })
    const one = readerRoutes({ documents: fakeDocuments([titled]), library: 'default' })
    const html = await (await one.request('/documents/doc')).text()
    expect(html).toContain('<h2 id="at-0" dir="auto" data-start="0" class="unseen">A title</h2>')
    expect(html.match(/class="unseen"/g)).toHaveLength(1)
  })

  it('names its authors', async () => {
    const written = fakeDocument({ id: 'doc', text: 'Words.', authors: ['Ada <Keeper>', 'Ben Pilot'] })
    const one = readerRoutes({ documents: fakeDocuments([written]), library: 'default' })
    const html = await (await one.request('/documents/doc')).text()
    expect(html).toContain('<span dir="auto">Ada &lt;Keeper&gt;, Ben Pilot</span>')
  })

  it('lists its sections, each with a link to where it stands', async () => {
    const { html } = await read('/documents/doc_limiters')
    expect(html).toContain('<summary>3 sections</summary>')
    const places = [...html.matchAll(/<a href="#(at-\d+)" dir="auto">(.*?)<\/a>/g)].map(([, id, words]) => ({
      id,
      words,
    }))
    expect(places.map(({ words }) => words)).toEqual(limiters.outline.map(({ title }) => title))
    for (const { id, words } of places)
      expect(html).toMatch(new RegExp(`<h2 id="${id}" dir="auto" data-start="\\d+">${words}</h2>`))
    expect((await read('/documents/doc_bucket')).html).not.toContain('sections</summary>')
  })

  it('says that a revision is not the current one and links to the current', async () => {
    const { html } = await read('/documents/doc_bucket?revision=r0')
    expect(html).toContain('This is an earlier revision')
    expect(html).toContain('href="/documents/doc_bucket"')
    expect((await read('/documents/doc_bucket')).html).not.toContain('This is an earlier revision')
  })

  it('answers 404 with a page for a document it does not know, and for an unknown revision names the current', async () => {
    const unknown = await read('/documents/nothing')
    expect(unknown.response.status).toBe(404)
    expect(unknown.html).toContain('Not in this library')
    const revision = await read('/documents/doc_bucket?revision=r9')
    expect(revision.response.status).toBe(404)
    expect(revision.html).toContain('href="/documents/doc_bucket"')
  })

  it('never makes a link of an address that is not a web address', async () => {
    for (const url of ['javascript:alert(1)', 'data:text/html,x', ' javascript:x', 'ftp://example.com', 'nonsense']) {
      const one = readerRoutes({ documents: fakeDocuments([{ ...bucket, url }]), library: 'default' })
      expect(await (await one.request('/documents/doc_bucket')).text()).not.toContain('Read the original')
    }
  })

  it('marks ?start=&end= in UTF-16 units, and nothing when they make no sense', async () => {
    const start = limiters.text.indexOf('🎉')
    expect(marked((await read(`/documents/doc_limiters?start=${start}&end=${start + 2}`)).html)).toEqual(['🎉'])
    for (const query of ['start=5&end=5', 'start=9&end=4', 'start=0&end=99999', 'start=-1&end=4', 'start=1e1&end=20'])
      expect(marked((await read(`/documents/doc_limiters?${query}`)).html)).toEqual([])
  })

  it('carries the policy and is never stored without asking', async () => {
    for (const path of ['/documents/doc_bucket', '/documents/nothing']) {
      const { headers } = (await read(path)).response
      expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-cache')
    }
  })

  it('loses no character of any text: what is outside the blocks is white space', () => {
    const line = fc.constantFrom(
      '- one',
      '1. two',
      '# Head',
      'words 🎉 here',
      '',
      '  ',
      '\tcode',
      'a <b> & "c"',
      'no\u00a0break',
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { text, outline } = fakeDocument({ id: 'doc', text: lines.join('\n') })
        let done = 0
        for (const { start, end } of toBlocks(text, outline)) {
          expect(text.slice(done, start)).toMatch(/^[ \t\r\f\n]*$/)
          expect(end).toBeGreaterThan(start)
          done = end
        }
        expect(text.slice(done).trim()).toBe('')
      }),
    )
  })

  it('is cut also when it has more headings or paragraphs than a call can have arguments', () => {
    const many = 150_000
    const heading = { level: 2, title: 'x', span: { start: 3 * many, end: 3 * many + 1 } }
    const outline = Array.from({ length: many }, () => heading)
    const blocks = toBlocks(`${'p\n\n'.repeat(many)}x`, outline)
    expect(blocks).toHaveLength(many + 1)
    expect(blocks.at(-1)).toEqual({ tag: 'h2', ...heading.span })
  })

  it('keeps a text whole whose outline overlaps itself or lies', () => {
    const outline = [
      { level: 1, title: 'x', span: { start: 0, end: 4 } },
      { level: 1, title: 'x', span: { start: 2, end: 6 } },
      { level: 1, title: 'x', span: { start: 90, end: 99 } },
      { level: 1, title: 'x', span: { start: 5, end: 5 } },
    ]
    const text = 'one two three'
    const words = toBlocks(text, outline).map(({ start, end }) => text.slice(start, end))
    expect(words.join('')).toBe(text)
  })
})

describe('the files of the page', () => {
  const pages = pageRoutes(webDir)

  it('are every file of web/ that is not for the type checker, and no other', () => {
    const files = readdirSync(webDir).filter((name) => !/\.d\.ts$|tsconfig\.json$/.test(name))
    expect([...served.keys()].sort()).toEqual(files.sort())
  })

  it('are served with their type and the policy, and asked for again only by their tag', async () => {
    for (const [name, type] of served) {
      const path = name === 'index.html' ? '/' : `/${name.replace('.html', '')}`
      const response = await pages.request(path)
      expect(response.headers.get('content-type')).toBe(type)
      expect(response.headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'")
      // A page brings its policy each time; all else is sent once.
      const tag = response.headers.get('etag')
      if (name.endsWith('.html')) expect(tag).toBeNull()
      else expect((await pages.request(path, { headers: { 'if-none-match': tag ?? '' } })).status).toBe(304)
    }
  })

  it('do not open the folder: no other path is answered', async () => {
    for (const path of [
      '/tsconfig.json',
      '/wire.d.ts',
      '/../package.json',
      '/%2e%2e/package.json',
      '/web/page.js',
      '/index.html',
      '/docs.html',
    ])
      expect((await pages.request(path)).status).toBe(404)
  })

  it('are at most 50 kB together as they are sent, and what only the page of the API loads 10 kB more', async () => {
    let [page, docs] = [0, 0]
    const paths = new Set(pages.routes.map(({ path }) => path).filter((path) => !/[:*]|widget/.test(path)))
    for (const path of paths) {
      const response = await pages.request(path)
      const size = gzipSync(await response.arrayBuffer()).length
      if (path.startsWith('/docs')) docs += size
      else page += size
    }
    expect(page).toBeGreaterThan(20_000)
    expect(page).toBeLessThanOrEqual(50_000)
    expect(docs).toBeLessThanOrEqual(10_000)
  })
})
