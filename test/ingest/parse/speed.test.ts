// How much text each format gives per second of a processor: printed, and refused when it falls by an order. Processor
// time and not the clock's, because a test machine does other things, too.
import { expect, test } from 'vitest'
import { read } from '../../../ingest/parse/read.ts'
import * as fixtures from '../../support/fixtures.ts'
import { makePdf } from '../../support/pdf-maker.ts'
import { zipOf } from '../../support/zip-maker.ts'

const sentence = (i: number) =>
  `The keeper of gate ${i} writes ship ${i * 7} into the book, and shows it to its berth. `
const prose = (i: number) => sentence(i) + sentence(i + 1) + sentence(i + 2)
const many = (count: number, make: (i: number) => string, joint = '') =>
  Array.from({ length: count }, (_, i) => make(i)).join(joint)

const PARTS = 3000
const documents: Record<string, Uint8Array> = {
  'a.md': Buffer.from(many(PARTS, (i) => (i % 10 === 0 ? `## Gate ${i}` : prose(i)), '\n\n')),
  'a.txt': Buffer.from(many(PARTS, prose, '\n\n')),
  'a.html': Buffer.from(`<!doctype html><article>${many(PARTS, (i) => `<p>${prose(i)}</p>`)}</article>`),
  'a.pdf': makePdf({
    pages: Array.from({ length: 100 }, (_, page) =>
      Array.from({ length: 40 }, (_, i) => ({ text: sentence(page * 40 + i), y: 780 - 15 * i })),
    ),
  }),
  'a.docx': fixtures.docx(many(PARTS, (i) => `<w:p><w:r><w:t>${prose(i)}</w:t></w:r></w:p>`)),
  'a.xlsx': fixtures.xlsx(
    many(
      PARTS,
      (i) => `<row>${many(8, (c) => `<c t="str"><v>${i === 0 ? `Column${c}` : `value ${i + c}`}</v></c>`)}</row>`,
    ),
  ),
  'a.csv': Buffer.from(many(PARTS, (i) => many(8, (c) => (i === 0 ? `Column${c}` : `value ${i + c}`), ','), '\n')),
  'a.epub': zipOf({
    'META-INF/container.xml': '<a><rootfile full-path="b.opf"/></a>',
    'b.opf': '<a><item id="c" href="c.xhtml"/><itemref idref="c"/></a>',
    'c.xhtml': `<html><body>${many(PARTS, (i) => `<p>${prose(i)}</p>`)}</body></html>`,
  }),
  'a.ipynb': Buffer.from(
    JSON.stringify({
      cells: Array.from({ length: PARTS / 3 }, (_, i) => ({
        cell_type: i % 2 ? 'code' : 'markdown',
        source: prose(i),
      })),
    }),
  ),
  'a.mbox': Buffer.from(many(PARTS / 3, (i) => `From a@b\nSubject: Gate ${i}\nFrom: a@b\n\n${prose(i)}\n\n`)),
}

test.each(Object.entries(documents))('%s is read at more than 0.1 MB of text per second', async (source, bytes) => {
  await read(source, bytes)
  const began = process.cpuUsage()
  const { text } = await read(source, bytes)
  const { user, system } = process.cpuUsage(began)
  const perSecond = text.length / (user + system)
  process.stdout.write(
    `${source} ${(text.length / 1e6).toFixed(2)} MB of text, ${perSecond.toFixed(1)} MB per second\n`,
  )
  expect(perSecond).toBeGreaterThan(0.1)
})
