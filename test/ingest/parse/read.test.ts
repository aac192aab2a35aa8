// What cannot be learned is refused with a code, the value found and the next step; nothing else ever comes out.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SourceError } from '../../../core/errors.ts'
import { MAX_SOURCE_BYTES } from '../../../ingest/parse/decode.ts'
import { read, readPlain } from '../../../ingest/parse/read.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

async function refusal(source: string, bytes: Uint8Array): Promise<SourceError> {
  try {
    await read(source, bytes)
  } catch (error) {
    if (error instanceof SourceError) return error
    throw error
  }
  throw new Error(`${source} was not refused`)
}

describe('refuses', () => {
  test.each([
    ['an empty file', 'a.md', new Uint8Array(), 'empty-file', '0 bytes'],
    ['the first line of a PDF under the name of a text', 'a.txt', utf8('%PDF-1.7 …'), 'unreadable', 'PDF'],
    ['the first bytes of a ZIP', 'a.md', new Uint8Array([0x50, 0x4b, 3, 4, 20]), 'unreadable', 'ZIP'],
    ['a PNG', 'a.md', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13]), 'binary-file', 'PNG'],
    ['gzip', 'a.html', new Uint8Array([0x1f, 0x8b, 8]), 'binary-file', 'gzip'],
    ['an old Office file', 'a.docx', new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]), 'binary-file', 'password'],
    ['text under the name of a PDF', 'a.pdf', utf8('Dear reader,'), 'wrong-type', '"Dear rea"'],
    ['text under the name of a workbook', 'a.xlsx', utf8('a,b'), 'wrong-type', '"a,b"'],
    ['a page in an encoding that nobody knows', 'a.html', latin1('<meta charset="x-y">é'), 'bad-encoding', 'X-Y'],
    ['NUL bytes', 'a.txt', utf8('ab\0c'), 'binary-file', 'NUL at character 2'],
    ['UTF-16 without a mark', 'a.txt', new Uint8Array(Buffer.from('text', 'utf16le')), 'binary-file', 'NUL'],
    ['Latin-1', 'a.txt', new Uint8Array([...utf8('caf\ufffd '), 0xe9, 0x20]), 'bad-encoding', 'byte 0xe9 at offset 7'],
    ['half a UTF-16 letter', 'a.txt', new Uint8Array([0xff, 0xfe, 0x41]), 'bad-encoding', 'UTF-16LE'],
    ['more than is read', 'a.txt', new Uint8Array(MAX_SOURCE_BYTES + 1), 'too-large', '20.0 MB'],
    ['an unknown ending', 'a.odt', utf8('x'), 'unknown-type', '.odt'],
    ['a name without an ending', 'LICENSE', utf8('x'), 'unknown-type', 'no file ending'],
    ['markup without text', 'a.html', utf8('<img src=x><script>1</script>'), 'no-text', 'a.html'],
    ['blanks', 'a.md', utf8(' \n\u200b\n'), 'no-text', 'a.md'],
  ])('%s', async (_, source, bytes, code, found) => {
    const error = await refusal(source, bytes)
    expect(error).toMatchObject({ code, source })
    expect(error.message).toContain(found)
    expect(error.message).toMatch(/: /)
  })
})

describe('reads', () => {
  test.each([
    ['utf16le', [0xff, 0xfe]],
    ['utf-16be', [0xfe, 0xff]],
  ] as const)('%s with a byte order mark', (encoding, mark) => {
    const little = Buffer.from('# Grüße\n\nText.', 'utf16le')
    const bytes = new Uint8Array([...mark, ...(encoding === 'utf16le' ? little : little.swap16())])
    expect(readPlain('a.md', bytes)).toMatchObject({ title: 'Grüße', text: 'Grüße\n\nText.' })
  })

  test.each(['a.MD', 'a.markdown', 'a.mdx', 'a.txt', 'a.text', 'a.html', 'a.htm'])('%s', (source) => {
    expect(readPlain(source, utf8('Hello there.'))?.text).toBe('Hello there.')
  })

  test.each(['a.txt', 'a.md', 'page', 'a.pdf', 'a.csv'])('a page that is called %s', async (source) => {
    const found = await read(source, utf8('<!doctype html><title>T</title><script>x</script><p>Hello there.'))
    expect(found).toMatchObject({ title: 'T', text: 'Hello there.' })
  })

  test('a page in the encoding that it declares', async () => {
    const found = await read('a.html', latin1('<meta charset="iso-8859-1"><p>Gr\xfc\xdfe.'))
    expect(found.text).toBe('Grüße.')
  })

  test('a letter U+FFFD that the file itself spells', () => {
    expect(readPlain('a.txt', utf8('a \ufffd b'))?.text).toBe('a \ufffd b')
  })
})

describe('whatever the bytes are', () => {
  const source = fc.constantFrom('a.md', 'a.txt', 'a.html')
  const scrap = fc.constantFrom(
    ...'# ¦\n¦\n\n¦- ¦1. ¦```¦|¦---\n¦> ¦\t¦    ¦Title Case¦a: b¦[x](#)¦**'.split('¦'),
    ...'<p>¦</p>¦<table><tr><td>¦<ul><li>¦<pre>¦<br>¦<sup>¦9¦<h2>¦&amp;¦&nbsp;¦\u200b¦😀¦\ud800¦\u0301'.split('¦'),
  )
  const soup = fc
    .array(fc.oneof(scrap, fc.string({ unit: 'binary' })), { maxLength: 40 })
    .map((parts) => parts.join(''))

  test('parse gives a document or a SourceError', () => {
    fc.assert(
      fc.property(source, fc.oneof(fc.uint8Array({ maxLength: 300 }), soup.map(utf8)), (source, bytes) => {
        const found = outcome(source, bytes)
        expect(found instanceof SourceError || found.text.length > 0).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('titles stand in the text where the outline says, in order, on lines of their own', () => {
    fc.assert(
      fc.property(source, soup, (source, text) => {
        const found = outcome(source, utf8(text))
        if (found instanceof SourceError) return
        let end = 0
        for (const { title, span } of found.outline) {
          expect(found.text.slice(span.start, span.end)).toBe(title)
          expect(title).not.toMatch(/\n|^\s|\s$|^$/)
          expect(span.start).toBeGreaterThanOrEqual(end)
          end = span.end
        }
      }),
      { numRuns: 500 },
    )
  })

  test('boilerplate is in order, disjoint, not empty and outside of headings', () => {
    const idle = fc.constantFrom(
      '\n\nRead more\n\n',
      '\n\nClick here.\n',
      '\n- Apply now.\n',
      '\n# Contents\n\nA\t1\nB\t2\nC\t3\n',
    )
    const mixed = fc.array(fc.oneof(idle, soup), { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(source, mixed, (source, text) => {
        const found = outcome(source, utf8(text))
        if (found instanceof SourceError) return
        let end = 0
        for (const place of found.boilerplate) {
          expect(place.start).toBeGreaterThanOrEqual(end)
          expect(found.text.slice(place.start, place.end).trim()).not.toBe('')
          for (const { span } of found.outline) expect(span.end <= place.start || span.start >= place.end).toBe(true)
          end = place.end
        }
        expect(end).toBeLessThanOrEqual(found.text.length)
      }),
      { numRuns: 500 },
    )
  })

  test('the text is clean: composed, well-formed, without blanks at its edges or anything a database refuses', () => {
    fc.assert(
      fc.property(source, soup, (source, text) => {
        const found = outcome(source, utf8(text))
        if (found instanceof SourceError) return
        expect(found.text.isWellFormed()).toBe(true)
        expect(found.text.normalize('NFC')).toBe(found.text)
        expect(found.text).not.toMatch(/[\0\u200b\u00a0\ufeff\r\v]/)
        expect(found.title.trim()).not.toBe('')
      }),
      { numRuns: 500 },
    )
  })
})

function outcome(source: string, bytes: Uint8Array) {
  try {
    return readPlain(source, bytes) ?? new SourceError('unreadable', source, 'is packed')
  } catch (error) {
    if (error instanceof SourceError) return error
    throw error
  }
}
