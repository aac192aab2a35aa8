// Markdown as people write it: markup goes, words stay.
import { describe, expect, test } from 'vitest'
import { readPlain } from '../../../ingest/parse/read.ts'

const read = (markdown: string, source = 'notes/queue-design.md') =>
  readPlain(source, new TextEncoder().encode(markdown))!
const textOf = (markdown: string) => read(markdown).text
const outlineOf = (markdown: string) => read(markdown).outline.map(({ level, title }) => `${level} ${title}`)

describe('text', () => {
  test('keeps the words of emphasis, links, code and struck-out text', () => {
    expect(textOf('A **bold** and *soft* [link](#) to [x](https://x.org "t"), `a_b` and ~~old~~ new.')).toBe(
      'A bold and soft link to x, a_b and old new.',
    )
  })

  test('joins the lines of a paragraph, hard breaks included', () => {
    expect(textOf('One\ntwo  \nthree\\\nfour<br>five.')).toBe('One two three four five.')
  })

  test('ends a paragraph at two line breaks in a row', () => {
    expect(textOf('One.<br><br/>Two.')).toBe('One.\n\nTwo.')
  })

  test('removes HTML tags and keeps their words', () => {
    expect(textOf('A <b>loud</b> word.\n\n<div class="note">\n<p>Boxed &amp; <i>framed</i>.</p>\n</div>')).toBe(
      'A loud word.\n\nBoxed & framed.',
    )
  })

  test('drops images, comments and programs', () => {
    expect(
      textOf('![a chart](c.png)\n\nKept <!-- not this --> words<script>alert(1)</script>.\n\n<style>p{}</style>'),
    ).toBe('Kept words.')
  })

  test('decodes entities and escapes', () => {
    expect(textOf('Fish &amp; chips&nbsp;cost \\$4 &#8212; cheap.')).toBe('Fish & chips cost $4 — cheap.')
  })

  test('writes a power so that it stays a power', () => {
    expect(textOf('About 10<sup>5</sup> rows of H<sub>2</sub>O.')).toBe('About 10^5 rows of H2O.')
  })

  test('keeps lists with their numbers, levels and further paragraphs', () => {
    expect(textOf('3. Boil\n   - water\n   - milk\n\n   Slowly.\n4. Pour')).toBe(
      '3. Boil\n  - water\n  - milk\n  Slowly.\n4. Pour',
    )
  })

  test('keeps fenced and indented code verbatim, without its fences', () => {
    expect(textOf('Run:\n\n```sh\na  |  b\n\n  c\n```\n\nor\n\n    d *e*')).toBe(
      'Run:\n\na  |  b\n\n  c\n\nor\n\nd *e*',
    )
  })

  test('writes a table row by row', () => {
    expect(textOf('| Plan | Price |\n|---|---|\n| *Small* | 5 |\n| Large | |')).toBe('Plan | Price\nSmall | 5\nLarge |')
  })

  test('keeps the lines of a contents page with tabs apart', () => {
    expect(textOf('<b>Boats</b>\t<b>3</b>\nSails\t4\nOars\t7')).toBe('Boats | 3\nSails | 4\nOars | 7')
  })
})

describe('outline', () => {
  test('reads both kinds of headings, without their marks', () => {
    expect(outlineOf('Top\n===\n\nLow\n---\n\n### **Deep** `x` [y](#)\n\n###### Six ######')).toEqual([
      '1 Top',
      '2 Low',
      '3 Deep x y',
      '6 Six',
    ])
  })

  test('is not misled by a byte order mark, leading blanks or no-break spaces', () => {
    expect(outlineOf('\ufeff\n\n     # One\n\n##\u00a0Two')).toEqual(['1 One', '2 Two'])
  })

  test('takes no comment in code for a heading', () => {
    expect(outlineOf('```\n# not a heading\n```')).toEqual([])
  })
})

describe('title and front matter', () => {
  test('front matter gives title, address and date', () => {
    const parsed = read(
      '---\ntitle: "Queues: a tour"\nurl: https://example.org/q\npublished_at: 2021-03-04\n---\nText.',
    )
    expect(parsed).toMatchObject({
      title: 'Queues: a tour',
      url: 'https://example.org/q',
      publishedAt: '2021-03-04',
      text: 'Text.',
    })
  })

  test.each([
    ['author: Ada Keeper', ['Ada Keeper']],
    ['authors: [Ada Keeper, { name: Ben Pilot, email: ben@example.org }]', ['Ada Keeper', 'Ben Pilot']],
    ['author: Ada Keeper\nauthors:\n  - Ben Pilot\n  - Ada Keeper', ['Ada Keeper', 'Ben Pilot']],
    ['authors: { name: Ada Keeper }', ['Ada Keeper']],
    ['author: 7', []],
    ['title: Queues', []],
  ])('of the front matter %j the authors are %j', (yaml, authors) => {
    expect(read(`---\n${yaml}\n---\nText.`).authors).toEqual(authors)
  })

  test('the first H1 is the title when no front matter names one', () => {
    expect(read('Draft of May.\n\n# Queues *at* work\n\nText.').title).toBe('Queues at work')
  })

  test('a first H2 is not a title: the name of the file is', () => {
    expect(read('## Part\n\nText.\n\n# Later').title).toBe('Queue design')
  })

  test('front matter with the same title as the H1 changes nothing in the text', () => {
    const parsed = read('---\ntitle: Queues\n---\n# Queues\n\nText.')
    expect(parsed.title).toBe('Queues')
    expect(parsed.text).toBe('Queues\n\nText.')
  })

  test.each(['title: [broken', 'title: a\ntitle: b', 'a: &x [*x, *y]', 'title: {}'])(
    'front matter that cannot be read is left out and not fatal: %s',
    (yaml) => {
      expect(read(`---\n${yaml}\n---\n\nText.`)).toMatchObject({ title: 'Queue design', text: 'Text.', url: null })
    },
  )

  test('a rule at the top is not front matter', () => {
    expect(textOf('---\n\nFirst part.\n\n---\n\nSecond part.')).toBe('First part.\n\nSecond part.')
  })

  test('never makes a link of an address that is not a web page', () => {
    expect(read('---\nurl: javascript:alert(1)\n---\nText.').url).toBeNull()
  })
})

test.each(['> ', '- ', '[', '*a ', '<div>\n\n', '![a](', '#\n', '\x02', ' - A', 'boats and\n\n', '$x', '. . '])(
  'reads 50,000 nested or repeated %j',
  (markup) => {
    expect(textOf(`core\n\n${markup.repeat(50_000)}x`)).toMatch(/^core/)
  },
)
