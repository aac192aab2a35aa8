// What is read out of pages, feeds and XML, and what hostile ones do not achieve.
import { describe, expect, it } from 'vitest'
import { readFeed } from '../../../ingest/fetch/feed-text.ts'
import { readLinks } from '../../../ingest/fetch/page-links.ts'
import { readXml, wordsOf } from '../../../ingest/fetch/xml.ts'

const at = 'https://example.com/blog/feed.xml'

const read = (html: string) => readLinks(html, 'https://example.com/docs/page')

describe('readLinks', () => {
  it('resolves links, by the base where there is one', () => {
    expect(read('<a href="a">1</a><a href=/b?x&amp;y>2</a><area href="//other.com/c">').links).toEqual(
      'https://example.com/docs/a https://example.com/b?x&y https://other.com/c'.split(' '),
    )
    expect(read('<base href="/up/"><a href="a">').links).toEqual(['https://example.com/up/a'])
  })

  it('finds none in scripts, comments, attributes and things that are no pages', () => {
    const html = `<script>'<a href="/1">'</script><!--<a href="/2">--><style><a href="/3"></style><textarea><a href="/4"></textarea>
      <p title='<a href="/5">'></p><a href="mailto:x@y.z"><a href="javascript:x()"><a name="x"><a href="/6" rel="nofollow"><a href="/7">`
    expect(read(html).links).toEqual(['https://example.com/7'])
  })

  it('reads canonical and robots', () => {
    const html = '<link rel="canonical" href="/real"><meta name="ROBOTS" content="noindex, follow"><a href="/x">'
    expect(read(html)).toEqual({
      links: ['https://example.com/x'],
      canonical: 'https://example.com/real',
      mayBeKept: false,
    })
    expect(read('<meta name=robots content=none><a href="/x">')).toMatchObject({ links: [], mayBeKept: false })
  })

  it('takes time by the length of a page and not by its depth', () => {
    const began = performance.now()
    read('<div>'.repeat(200_000) + '<a href="/x">'.repeat(50_000))
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

describe('readXml', () => {
  it('does not expand entities of its own', async () => {
    const lines = Array.from({ length: 9 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`)
    const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">${lines.join('')}<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&e9;&f;</x>`
    const root = await readXml(at, bomb)
    expect(wordsOf(root).length).toBeLessThan(100)
    expect(wordsOf(root)).not.toContain('root:')
  })

  it('refuses depths and heights that no feed has', async () => {
    await expect(readXml(at, '<a>'.repeat(200))).rejects.toMatchObject({ code: 'bad-xml' })
    await expect(readXml(at, `<r>${'<a/>'.repeat(500_001)}</r>`)).rejects.toMatchObject({ code: 'bad-xml' })
    await expect(readXml(at, 'just words')).rejects.toMatchObject({ code: 'bad-xml' })
  })

  it('reads on after slips of the pen', async () => {
    const root = await readXml(at, '<r><t>Q & A &nbsp;&copy; &unknown;</t><u>x</r>')
    expect(root.children).toMatchObject([{ name: 't', children: ['Q & A \u00a0© &unknown;'] }, { name: 'u' }])
  })
})

describe('readFeed', () => {
  it('reads RSS, with its whole text where it has one', async () => {
    const rss = `<?xml version="1.0"?><rss version="2.0" xmlns:content="c"><channel><title>Blog</title><link>https://example.com/</link>
      <item><title>One &amp; only</title><link>/one?utm_source=rss</link><guid isPermaLink="false">1</guid>
        <pubDate>Thu, 04 Mar 2021 10:00:00 GMT</pubDate><author>ada@example.com (Ada Keeper)</author><description>Short</description><content:encoded><![CDATA[<p>Long</p>]]></content:encoded></item>
      <item><guid>https://example.com/two</guid><author>x@example.com</author><dc:creator>Ben <![CDATA[Pilot]]></dc:creator><dc:creator>Cleo</dc:creator><description>&lt;b&gt;Two&lt;/b&gt;</description></item></channel></rss>`
    expect(await readFeed(at, rss)).toEqual([
      {
        id: '1',
        url: 'https://example.com/one?utm_source=rss',
        title: 'One & only',
        publishedAt: '2021-03-04T10:00:00.000Z',
        authors: ['Ada Keeper'],
        content: '<p>Long</p>',
      },
      {
        id: 'https://example.com/two',
        url: 'https://example.com/two',
        title: null,
        publishedAt: null,
        authors: ['Ben Pilot', 'Cleo'],
        content: '<b>Two</b>',
      },
    ])
  })

  it('reads Atom, with markup in place or in quotes', async () => {
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><author><name>The Harbour</name></author><entry><id>tag:1</id><author><name>Ada Keeper</name><uri>/ada</uri></author><title type="html">A &lt;em&gt;title&lt;/em&gt;</title>
      <link rel="edit" href="/edit"/><link href="/one"/><published>2021-03-04T10:00:00Z</published>
      <content type="xhtml"><div>Words <b>and &amp; more</b></div></content></entry>
      <entry><id>tag:2</id><link rel="alternate" href="https://example.com/two"/><summary type="html">&lt;p&gt;Two&lt;/p&gt;</summary></entry></feed>`
    expect(await readFeed(at, atom)).toEqual([
      {
        id: 'tag:1',
        url: 'https://example.com/one',
        title: 'A title',
        publishedAt: '2021-03-04T10:00:00.000Z',
        authors: ['Ada Keeper'],
        content: '<div>Words <b>and &amp; more</b></div>',
      },
      {
        id: 'tag:2',
        url: 'https://example.com/two',
        title: null,
        publishedAt: null,
        authors: ['The Harbour'],
        content: '<p>Two</p>',
      },
    ])
  })

  it('reads RSS 1.0 and JSON Feed', async () => {
    const rdf = `<rdf:RDF><channel/><item><title>T</title><link>https://example.com/t</link><dc:date>2021-03-04</dc:date></item></rdf:RDF>`
    expect(await readFeed(at, rdf)).toMatchObject([
      { title: 'T', url: 'https://example.com/t', publishedAt: '2021-03-04' },
    ])
    const entries = [
      { id: 1, url: '/j', title: 'J', content_text: 'a < b\n\nc', authors: [{ name: 'Ada' }, { url: '/b' }] },
      { id: 'x', url: 'javascript:alert(1)' },
    ]
    const json = JSON.stringify({
      version: 'https://jsonfeed.org/version/1.1',
      author: { name: 'Ben' },
      items: entries,
    })
    expect(await readFeed(at, json)).toEqual([
      {
        id: '1',
        url: 'https://example.com/j',
        title: 'J',
        publishedAt: null,
        authors: ['Ada'],
        content: '<p>a &lt; b</p>\n<p>c</p>',
      },
      { id: 'x', url: null, title: null, publishedAt: null, authors: ['Ben'], content: null },
    ])
  })

  it('says of anything else that it is no feed', async () => {
    await expect(readFeed(at, '<html><body>Not here</body></html>')).rejects.toMatchObject({ code: 'bad-feed' })
    await expect(readFeed(at, '{"a":1}')).rejects.toMatchObject({ code: 'bad-feed' })
    await expect(readFeed(at, '')).rejects.toMatchObject({ code: 'bad-xml' })
  })
})
