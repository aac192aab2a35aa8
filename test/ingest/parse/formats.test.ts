// What each format becomes, letter by letter: the files in golden/ are meant to be read. Written anew by `vitest -u`.
import { describe, expect, test } from 'vitest'
import type { ParsedDocument } from '../../../core/types.ts'
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
}

describe('the golden outline of', () => {
  test.each(Object.entries(documents))('%s', async (source, bytes) => {
    await expect(shown(await read(source, bytes))).toMatchFileSnapshot(`golden/${source}.txt`)
  })
})

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

function shown({ title, text, outline, boilerplate, url, publishedAt, pages }: ParsedDocument): string {
  const headings = outline.map(({ level, title, span }) => `${'  '.repeat(level)}${title} @${span.start}`)
  const idle = boilerplate.map(({ start, end }) => `  ${JSON.stringify(text.slice(start, end))}`)
  const facts = [`title: ${title}`, `url: ${url}`, `published: ${publishedAt}`, `pages: ${pages?.join(' ') ?? 'none'}`]
  return [...facts, 'outline:', ...headings, 'no evidence:', ...idle, '', text, ''].join('\n')
}
