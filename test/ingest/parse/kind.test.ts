import { expect, it } from 'vitest'
import { type About, endingFor, kindBy } from '../../../ingest/parse/kind.ts'
import { parse } from '../../../ingest/parse/parse.ts'
import { never } from '../../support/store-documents.ts'

it.each<[string, About, string | null]>([
  ['notes.md', {}, 'markdown'],
  ['https://example.com/notes', { mediaType: 'text/markdown; charset=utf-8' }, 'markdown'],
  ['https://example.com/notes.md', { mediaType: 'text/plain' }, 'markdown'],
  ['https://example.com/get?id=7', { fileName: 'paper.pdf', mediaType: 'application/octet-stream' }, 'pdf'],
  ['faq.jsonl#a.html', { fileName: 'faq.jsonl.md', mediaType: 'text/markdown' }, 'markdown'],
  ['https://example.com/', { mediaType: 'text/x-rst' }, 'text'],
  ['https://example.com/', { mediaType: 'text/xml' }, null],
  ['https://example.com/', { mediaType: 'image/png' }, null],
  ['https://example.com/', {}, null],
])('%s with %j is read as %s', (source, about, kind) => {
  expect(kindBy(source, about)).toBe(kind)
})

it('gives a page without an ending that of its type', () => {
  expect(['text/html; charset=utf-8', 'application/pdf', 'image/png', null].map(endingFor)).toEqual([
    '.html',
    '.pdf',
    '',
    '',
  ])
})

it('reads large text apart by the same type', { timeout: 30_000 }, async () => {
  const bytes = Buffer.from(`# Title\n\n${'Some *plain* words. '.repeat(6_000)}`)
  const source = 'https://example.com/notes'
  const parsed = await parse(source, bytes, never, { mediaType: 'text/markdown' })
  expect(parsed).toMatchObject({ title: 'Title', text: expect.stringContaining('Some plain words.') as string })
  await expect(parse(source, bytes, never)).rejects.toMatchObject({ code: 'unknown-type' })
})
