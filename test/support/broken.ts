// Files that are broken, lie or attack, each with the code of the error that it must give; null: a document.
import { deflateSync } from 'node:zlib'
import * as fixtures from './fixtures.ts'
import { makePdf, pdfOf } from './pdf-maker.ts'
import { isThorough } from './thorough.ts'
import { makeZip, type ZipEntry, zipOf } from './zip-maker.ts'

type Broken = readonly [name: string, source: string, bytes: Uint8Array, code: string | readonly string[] | null]

const bytes = (text: string) => Buffer.from(text)
const zeros = (megabytes: number) => Buffer.alloc(megabytes * 1e6, 0x20)
const word = (document: string | Uint8Array, more: readonly ZipEntry[] = []) =>
  makeZip([
    { name: '[Content_Types].xml', content: '<Types/>' },
    { name: 'word/document.xml', content: document },
    ...more,
  ])
const wordText = (text: string) => `<w:document><w:body><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:body></w:document>`
const cut = (whole: Uint8Array, part: number) => whole.subarray(0, Math.floor(whole.length * part))

const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')
const entities = `<!DOCTYPE w:document [<!ENTITY l0 "ha">${laughs}]>${wordText('&l9;')}`
const outside = `<!DOCTYPE w:document [<!ENTITY x SYSTEM "file:///etc/passwd">]>${wordText('&x;')}`

function bombs(): Broken[] {
  const inner = word(zeros(60))
  const spaces = { name: 'word/document.xml', content: zeros(250) }
  const names = Array.from({ length: 20_000 }, (_, i) => ({ name: `word/${i}.xml`, content: 'x' }))
  const shared = Array.from({ length: 500 }, (_, i) => ({
    name: `xl/worksheets/sheet${i}.xml`,
    content: zeros(2),
    overlaps: i > 0,
  }))
  const sheets = shared.map((_, i) => `<sheet name="s${i}" r:id="r${i}"/>`).join('')
  const targets = shared.map(({ name }, i) => `<Relationship Id="r${i}" Target="/${name}"/>`).join('')
  return [
    ['a ZIP bomb', 'a.docx', makeZip([spaces]), 'expands-too-far'],
    ['a ZIP bomb under the name of a text', 'a.txt', makeZip([spaces]), 'expands-too-far'],
    ['a ZIP in a ZIP', 'a.docx', zipOf({ 'inner.docx': inner }), 'unknown-type'],
    ['a bomb that says it is small', 'a.docx', makeZip([{ ...spaces, size: 100 }]), 'unreadable'],
    [
      'an entry that says it is large',
      'a.docx',
      makeZip([{ name: 'word/document.xml', content: wordText('x'), size: 4e9 }]),
      'unreadable',
    ],
    ['20,000 entries', 'a.docx', word(wordText('x'), names), 'expands-too-far'],
    [
      '500 sheets that share their bytes',
      'a.xlsx',
      makeZip([
        { name: 'xl/workbook.xml', content: `<workbook><sheets>${sheets}</sheets></workbook>` },
        { name: 'xl/_rels/workbook.xml.rels', content: `<Relationships>${targets}</Relationships>` },
        ...shared,
      ]),
      ['expands-too-far', 'unreadable'],
    ],
    ['a million entities', 'a.docx', word(entities), 'unreadable'],
    ['an entity from a file', 'a.docx', word(outside), 'unreadable'],
    [
      '100,000 nested elements',
      'a.docx',
      word(`${'<w:a>'.repeat(1e5)}${wordText('deep')}${'</w:a>'.repeat(1e5)}`),
      null,
    ],
    [
      '100,000 nested tables',
      'a.docx',
      word(
        `<w:document>${'<w:tbl><w:tr><w:tc>'.repeat(1e5)}<w:p><w:r><w:t>deep</w:t></w:r></w:p>${'</w:tc></w:tr></w:tbl>'.repeat(1e5)}</w:document>`,
      ),
      null,
    ],
    [
      'a million empty cells',
      'a.xlsx',
      fixtures.xlsx(
        `<row r="1"><c r="A1" t="str"><v>x</v></c></row>${Array.from({ length: 1000 }, () => `<row>${'<c s="1"/>'.repeat(1000)}</row>`).join('')}`,
      ),
      null,
    ],
    [
      'a cell in the last column of each row',
      'a.xlsx',
      fixtures.xlsx('<row><c r="XFD1" t="str"><v>x</v></c></row>'.repeat(2000)),
      null,
    ],
    ['a column that there cannot be', 'a.xlsx', fixtures.xlsx('<row><c r="ZZZ1" t="str"><v>x</v></c></row>'), null],
    [
      'a text that does not exist',
      'a.xlsx',
      fixtures.xlsx('<row><c t="s"><v>99999</v></c><c><v>1e999</v></c></row>'),
      null,
    ],
    ['a date after the end of time', 'a.xlsx', fixtures.xlsx('<row><c s="1"><v>1e12</v></c></row>'), null],
  ]
}

function archives(): Broken[] {
  const whole = fixtures.docx()
  return [
    ['half a ZIP', 'a.docx', cut(whole, 0.5), 'unreadable'],
    ['a ZIP without its last byte', 'a.docx', whole.subarray(0, -1), 'unreadable'],
    [
      'a ZIP with other bytes in it',
      'a.docx',
      Buffer.concat([whole.subarray(0, 60), Buffer.alloc(200, 7), whole.subarray(260)]),
      ['unreadable', 'bad-encoding'],
    ],
    ['a ZIP of nothing', 'a.docx', makeZip([]), 'unknown-type'],
    ['names that climb', 'a.docx', word(wordText('x'), [{ name: '../../etc/cron.d/x', content: 'x' }]), 'unreadable'],
    ['an absolute name', 'a.docx', word(wordText('x'), [{ name: '/etc/passwd', content: 'x' }]), 'unreadable'],
    [
      'an encrypted entry',
      'a.docx',
      makeZip([{ name: 'word/document.xml', content: wordText('x'), encrypted: true }]),
      'encrypted',
    ],
    ['a Word document without text', 'a.docx', word('<w:document/>'), 'no-text'],
    ['a Word document that is no XML', 'a.docx', word('{"a": 1}'), 'unreadable'],
    ['a Word document that is binary', 'a.docx', word(Buffer.alloc(100)), 'binary-file'],
    ['a Word document with links to elsewhere', 'a.docx', whole, null],
    [
      'styles that are based on themselves',
      'a.docx',
      word(`<w:document><w:p><w:pPr><w:pStyle w:val="a"/></w:pPr><w:r><w:t>x</w:t></w:r></w:p></w:document>`, [
        {
          name: 'word/styles.xml',
          content:
            '<w:styles><w:style w:styleId="a"><w:basedOn w:val="b"/></w:style><w:style w:styleId="b"><w:basedOn w:val="a"/></w:style></w:styles>',
        },
      ]),
      null,
    ],
    [
      'slides that lead out of the archive',
      'a.pptx',
      zipOf({
        'ppt/presentation.xml': '<p><p:sldId r:id="r"/></p>',
        'ppt/_rels/presentation.xml.rels': '<a><Relationship Id="r" Target="../../../etc/passwd"/></a>',
      }),
      'no-text',
    ],
    ['a book without a book', 'a.epub', zipOf({ 'META-INF/container.xml': '<a/>' }), 'unreadable'],
    [
      'a book that names itself as its chapter',
      'a.epub',
      zipOf({
        'META-INF/container.xml': '<rootfile full-path="b.opf"/>',
        'b.opf': `<package><item id="a" href="b.opf"/>${'<itemref idref="a"/>'.repeat(1000)}</package>`,
      }),
      'no-text',
    ],
    ['a program in a ZIP', 'a.zip', zipOf({ 'a.exe': 'MZ' }), 'unknown-type'],
  ]
}

function pdfs(): Broken[] {
  const whole = fixtures.pdf()
  const font = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'
  const cycle = pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 100 >>',
    font,
    '<< >>',
  ])
  const many = pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [] /Count 1000000000 >>',
    font,
    '<< >>',
  ])
  const locked = pdfOf(
    [
      '<< /Type /Catalog /Pages 2 0 R >>',
      '<< /Type /Pages /Kids [] /Count 0 >>',
      font,
      '<< >>',
      `<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O <${'ab'.repeat(32)}> /U <${'cd'.repeat(32)}> >>`,
    ],
    `/Encrypt 5 0 R /ID [<${'12'.repeat(16)}> <${'12'.repeat(16)}>]`,
  )
  return [
    ['half a PDF', 'a.pdf', cut(whole, 0.5), ['unreadable', 'no-text', 'document']],
    ['the first line of a PDF', 'a.pdf', whole.subarray(0, 12), 'unreadable'],
    [
      'a PDF without its table of objects',
      'a.pdf',
      bytes(whole.toString('latin1').replace(/startxref\n\d+/, 'startxref\n99999999')),
      null,
    ],
    ['pages that are their own parents', 'a.pdf', cycle, 'unreadable'],
    ['a billion pages', 'a.pdf', many, 'no-text'],
    ['5,001 pages', 'a.pdf', makePdf({ pages: Array.from({ length: 5001 }, () => []) }), 'too-many-pages'],
    ['a PDF with a password', 'a.pdf', locked, 'encrypted'],
    ['a PDF of pictures', 'a.pdf', makePdf({ pages: [[], []] }), 'no-text'],
    ['a PDF behind some lines of text', 'a.pdf', Buffer.concat([bytes('HTTP/1.1 200 OK\n\n'), whole]), null],
  ]
}

function texts(): Broken[] {
  const mime = `Content-Type: multipart/mixed; boundary=b\n\n${'--b\nContent-Type: multipart/mixed; boundary=b\n\n'.repeat(1000)}`
  return [
    ['nothing', 'a.pdf', bytes(''), 'empty-file'],
    ['NULs', 'a.csv', Buffer.alloc(5000), 'binary-file'],
    ['a picture', 'a.md', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0]), 'binary-file'],
    ['half letters', 'a.csv', bytes('a,b\n\ud800,\udc00\n'), null],
    ['Latin-1', 'a.csv', Buffer.from('a,b\né,1\n', 'latin1'), 'bad-encoding'],
    ['UTF-16 with a mark', 'a.csv', Buffer.from('\ufeffBerth,Depth\nA1,7\n', 'utf16le'), null],
    ['UTF-16 without a mark', 'a.ipynb', Buffer.from('{}', 'utf16le'), 'binary-file'],
    ['a quote without an end', 'a.csv', bytes(`a,b\n1,"${'x,\n'.repeat(600_000)}`), 'unreadable'],
    [
      '100,000 columns',
      'a.csv',
      bytes(`${Array.from({ length: 1e5 }, (_, i) => `c${i}`).join(',')}\n${'1,'.repeat(1e5)}\n`),
      null,
    ],
    ['a notebook that is no JSON', 'a.ipynb', bytes('{"cells": ['), 'unreadable'],
    ['a notebook without cells', 'a.ipynb', bytes('{"cells": 3}'), 'unreadable'],
    ['a notebook nested 100,000 deep', 'a.ipynb', bytes('['.repeat(1e5)), 'unreadable'],
    ['a mail nested 1,000 deep', 'a.eml', bytes(mime), ['unreadable', 'document']],
    ['a mail of nothing but a head', 'a.eml', bytes('Subject: Hi\n'), null],
    ['a mailbox without a mail', 'a.mbox', bytes('Dear all'), 'no-text'],
    ['a page nested 100,000 deep', 'a.html', bytes(`${'<div>'.repeat(1e5)}deep`), null],
    ['more than is read', 'a.md', Buffer.alloc(isThorough ? 100_000_000 : 20_000_001, 'a '), 'too-large'],
    ['19 MB in one line', 'a.md', Buffer.alloc(isThorough ? 19_000_000 : 200_000, 'word '), null],
    ['2 MB in one line', 'a.md', bytes('word '.repeat(400_000)), null],
    ['a program under the name of a book', 'a.epub', bytes('\x7fELF\x02\x01'), 'binary-file'],
  ]
}

/** One page of content that unpacks to so many megabytes: of blanks, or of words. */
export function pdfBomb(megabytes: number, content: string): Buffer {
  const stream = deflateSync(Buffer.alloc(megabytes * 1e6, content))
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [5 0 R] /Count 1 >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    '<< >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << /Font << /F 3 0 R >> >> /Contents 6 0 R >>',
    Buffer.concat([
      Buffer.from(`<< /Filter /FlateDecode /Length ${stream.length} >>\nstream\n`),
      stream,
      Buffer.from('\nendstream'),
    ]),
  ])
}

export const broken = (): Broken[] => [...bombs(), ...archives(), ...pdfs(), ...texts()]
