// What each format becomes, letter by letter: the files in golden/ are meant to be read. Written anew by `vitest -u`.
import { describe, expect, test } from 'vitest'
import type { ParsedDocument } from '../../../core/types.ts'
import { chunk } from '../../../ingest/chunk.ts'
import { read } from '../../../ingest/parse/read.ts'
import * as fixtures from '../../support/fixtures.ts'

const documents = {
  'handbook.docx': fixtures.docx(),
  'hour.pptx': fixtures.pptx(),
  'berths.xlsx': fixtures.xlsx(),
  'sea.epub': fixtures.epub(),
  'harbour.pdf': fixtures.pdf(),
  'berths.csv': fixtures.csv(),
  'numbers.tsv': fixtures.tsv(),
  'tides.ipynb': fixtures.notebook(),
  'greeting.eml': fixtures.eml(),
  'box.mbox': fixtures.mbox(),
  'gates.html': fixtures.page(),
  'lights.md': fixtures.markdown(),
  'lights.txt': fixtures.plain(),
  'week.md': fixtures.digest(),
  'week.txt': fixtures.plainDigest(),
}

describe('the golden outline of', () => {
  test.each(Object.entries(documents))('%s', async (source, bytes) => {
    await expect(shown(await read(source, bytes))).toMatchFileSnapshot(`golden/${source}.txt`)
  })
})

const digests = {
  'week.md': fixtures.digest(),
  'week.txt': fixtures.plainDigest(),
  'box.mbox': fixtures.mbox(),
}
const cited = {
  'week.md': [
    ['Week', 'The gates close at dusk'],
    ['Week', 'The gates close at dusk', 'Why'],
    ['Week', 'Oil is dearer'],
    ['Week', 'A lamp was lost'],
  ],
  'week.txt': [
    ['Week', 'The Gates Close at Dusk'],
    ['Week', 'Oil Is Dearer'],
    ['Week', 'A Lamp Was Lost'],
  ],
  'box.mbox': [
    ['Box', 'First'],
    ['Box', 'Second'],
  ],
}

test.each(Object.entries(digests))(
  'of %s each article is cited by its own title, and by none of another one',
  async (source, bytes) => {
    const chunks = await chunk(await read(source, bytes))
    expect(chunks.map(({ headings }) => headings)).toEqual(cited[source as keyof typeof cited])
  },
)

test('bytes decide over the name, whatever it says', async () => {
  for (const [source, bytes] of Object.entries(documents).slice(0, 5)) {
    const named = await read(source, bytes)
    expect((await read('notes/a.txt', bytes)).text).toBe(named.text)
    expect((await read('notes/a.docx', bytes)).text).toBe(named.text)
    expect((await read('no-ending', bytes)).text).toBe(named.text)
  }
})

test('a page of a PDF begins where its words begin, also within a paragraph, and each page has a beginning', async () => {
  const { text, pages = [] } = await read('harbour.pdf', fixtures.pdf())
  expect(pages).toHaveLength(4)
  expect(text.slice(pages[0]).startsWith('The harbour')).toBe(true)
  expect(text.slice(pages[1]).startsWith('writes more')).toBe(true)
  expect(pages[2]).toBe(pages[3])
  expect(text.slice(pages[3]).startsWith('Lamps')).toBe(true)
})

test('an audience in front of a Word document refuses it, because nobody else would read it as one', async () => {
  const lines = ['---', 'audience: payments', '---', 'Words.']
  const body = lines.map((line) => `<w:p><w:r><w:t>${line}</w:t></w:r></w:p>`).join('')
  await expect(read('a.docx', fixtures.docx(body))).rejects.toMatchObject({ code: 'bad-audience' })
})

const word = 'ga\u200b\u{e0069}\u{e0067}\u202ete\u2069\u2060s'
const [heading, sentence] = [`The ${word}`, `The ${word} close at dusk.`]
const hiding = {
  'a.md': `---\ntitle: ${heading}\nauthor: Ada ${word}\n---\n# ${heading}\n\n${sentence}\n\n\`\`\`\n${word}\n\`\`\`\n`,
  'a.txt': sentence,
  'a.html': `<title>${heading}</title><meta name=author content="Ada ${word}"><h1>${heading}</h1><p>${sentence}</p><pre>${word}</pre><table><tr><td>${word}</td></tr></table>`,
  'a.csv': `${word},depth\n${sentence},7\n`,
  'a.ipynb': JSON.stringify({ cells: [{ cell_type: 'markdown', source: `# ${heading}\n\n${sentence}` }] }),
  'a.eml': `From: Ada ${word} <ada@harbour.example>\nSubject: ${heading}\nContent-Type: text/plain; charset=utf-8\n\n${sentence}\n`,
  'a.docx': fixtures.docx(`<w:p><w:r><w:t>${sentence}</w:t></w:r></w:p>`),
}

test.each(Object.entries(hiding))('nothing that a reader cannot see comes out of %s', async (source, written) => {
  const { text, title, authors, outline } = await read(source, Buffer.from(written))
  expect(text).toContain('gates')
  // Tags, zero widths and turns of direction: whatever is not drawn. A line may end.
  const undrawn = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u
  for (const shown of [text, title, ...authors, ...outline.map((each) => each.title)])
    expect(shown).not.toMatch(undrawn)
})

function shown({ title, text, outline, boilerplate, url, publishedAt, authors, pages }: ParsedDocument): string {
  const headings = outline.map(({ level, title, span }) => `${'  '.repeat(level)}${title} @${span.start}`)
  const idle = boilerplate.map(({ start, end }) => `  ${JSON.stringify(text.slice(start, end))}`)
  const facts = [
    `title: ${title}`,
    `url: ${url}`,
    `published: ${publishedAt}`,
    `authors: ${authors.join(', ') || 'none'}`,
  ]
  return [
    ...facts,
    `pages: ${pages?.join(' ') ?? 'none'}`,
    'outline:',
    ...headings,
    'no evidence:',
    ...idle,
    '',
    text,
    '',
  ].join('\n')
}
