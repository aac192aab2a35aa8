// Chunks are exact slices that cover the document: the ground that every citation stands on.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ParsedDocument, Span } from '../../core/types.ts'
import { chunk, CHUNK_SIZE, MAX_CHUNK_SIZE } from '../../ingest/chunk.ts'
import { assemble, type Block } from '../../ingest/parse/blocks.ts'

const documentOf = (blocks: readonly Block[], title = 'Harbour'): ParsedDocument => {
  const { text, outline } = assemble(blocks)
  return { title, text, outline, boilerplate: [], url: null, publishedAt: null, authors: [], audience: [] }
}
const paragraph = (text: string): Block => ({ type: 'paragraph', text })
const heading = (level: number, text: string): Block => ({ type: 'heading', level, text })
const paths = async (parsed: ParsedDocument) => (await chunk(parsed)).map(({ headings }) => headings.join(' > '))
const sentence = (n: number) => `Boat number ${n} left the harbour at dawn and came back with the evening tide.`
const sentences = (count: number) => Array.from({ length: count }, (_, n) => sentence(n)).join(' ')

describe('heading paths', () => {
  test('lead from the document to the section, whatever levels are skipped', async () => {
    const blocks = [
      paragraph('Foreword.'),
      heading(2, 'Ropes'),
      paragraph('a'),
      heading(4, 'Hemp'),
      paragraph('b'),
      heading(3, 'Jute'),
      paragraph('c'),
      heading(1, 'Sails'),
      paragraph('d'),
    ]
    expect(await paths(documentOf(blocks))).toEqual([
      'Harbour',
      'Harbour > Ropes',
      'Harbour > Ropes > Hemp',
      'Harbour > Ropes > Jute',
      'Harbour > Sails',
    ])
  })

  test('do not name the document twice', async () => {
    const blocks = [heading(1, 'HARBOUR'), paragraph('a'), heading(2, 'Ropes'), paragraph('b')]
    expect(await paths(documentOf(blocks))).toEqual(['HARBOUR', 'HARBOUR > Ropes'])
  })

  test('have no chunk for a heading without text', async () => {
    expect(await paths(documentOf([heading(1, 'Ropes'), heading(2, 'Hemp'), paragraph('a')]))).toEqual([
      'Harbour > Ropes > Hemp',
    ])
  })
})

describe('cutting', () => {
  test('goes by another size when one is asked for', async () => {
    const parsed = documentOf([paragraph(sentences(60))])
    for (const size of [400, 1600]) {
      const chunks = await chunk(parsed, size)
      expect(Math.max(...chunks.map(({ text }) => text.length))).toBeLessThanOrEqual(size * 1.2)
      expect(chunks[0]?.text.length).toBeGreaterThan(size * 0.7)
      for (const { span, text } of chunks) expect(parsed.text.slice(span.start, span.end)).toBe(text)
    }
  })

  test('keeps a section whole up to the maximum', async () => {
    const text = 'a'.repeat(599) + ' ' + 'b'.repeat(600)
    expect(await chunk(documentOf([paragraph(text)]))).toEqual([
      { ordinal: 0, headings: ['Harbour'], span: { start: 0, end: 1200 }, text },
    ])
  })

  test('prefers the ends of paragraphs', async () => {
    const blocks = [sentences(9), sentences(10), sentences(11)].map(paragraph)
    expect((await chunk(documentOf(blocks))).map(({ text }) => text)).toEqual(
      blocks.map((block) => assemble([block]).text),
    )
  })

  test('cuts a long paragraph at the ends of sentences', async () => {
    const chunks = await chunk(documentOf([paragraph(sentences(60))]))
    expect(chunks).toHaveLength(Math.ceil((60 * sentence(10).length) / CHUNK_SIZE))
    for (const { text } of chunks) expect(text).toMatch(/^Boat [^]*tide\.$/)
  })

  test('cuts a long list at the ends of lines', async () => {
    const entries = Array.from({ length: 60 }, (_, n): Block => ({
      type: 'entry',
      depth: 0,
      marker: '-',
      text: sentence(n),
    }))
    for (const { text } of await chunk(documentOf(entries))) expect(text).toMatch(/^- [^]*\.$/)
  })

  test('keeps a list with the line that announces it', async () => {
    const list = [1, 2, 3, 4, 5].map((n): Block => ({ type: 'entry', depth: 0, marker: '-', text: sentence(n) }))
    const chunks = await chunk(documentOf([paragraph(sentences(11)), paragraph('There are four rules:'), ...list]))
    expect(chunks[1]?.text).toMatch(/^There are four rules:\n\n- /)
  })

  test('joins a tiny last slice to its neighbour', async () => {
    const blocks = [paragraph(sentences(12)), paragraph(sentences(12)), paragraph('The end.')]
    expect((await chunk(documentOf(blocks))).map(({ text }) => text.length < 200)).toEqual([false, false])
  })

  test('cuts endless runs, but never an emoji in half', async () => {
    const chunks = await chunk(documentOf([paragraph(`x${'😀'.repeat(4000)}`)]))
    for (const { text } of chunks) {
      expect(text.isWellFormed()).toBe(true)
      expect(text.length).toBeLessThanOrEqual(MAX_CHUNK_SIZE)
    }
  })

  test('cuts Chinese and Japanese at the ends of sentences', async () => {
    const chunks = await chunk(documentOf([paragraph('船は夜明けに港を出て、夕方に戻った。'.repeat(200))]))
    for (const { text } of chunks) expect(text).toMatch(/^船[^]*。$/)
  })

  test('cuts 4 MB in seconds', { timeout: 10_000 }, async () => {
    const blocks = Array.from({ length: 8000 }, (_, n) =>
      n % 9 === 0 ? heading(2, `Part ${n}`) : paragraph(sentences(7)),
    )
    expect((await chunk(documentOf(blocks))).length).toBeGreaterThan(3000)
  })
})

describe('boilerplate', () => {
  test('is in no chunk, at the start, between and at the end', async () => {
    const lines = ['Read more.', sentences(2), 'Click here.', sentences(3), 'Sign up.']
    const parsed = documentOf(lines.map(paragraph))
    const boilerplate = ['Read more.', 'Click here.', 'Sign up.'].map((line) => {
      const start = parsed.text.indexOf(line)
      return { start, end: start + line.length }
    })
    const chunks = await chunk({ ...parsed, boilerplate })
    expect(chunks.map(({ text }) => text)).toEqual([sentences(2), sentences(3)])
  })

  test('that is a whole section leaves no chunk and shifts no heading', async () => {
    const parsed = documentOf([heading(1, 'Ropes'), paragraph('Read more.'), heading(1, 'Sails'), paragraph('Dry.')])
    const start = parsed.text.indexOf('Read')
    expect(await paths({ ...parsed, boilerplate: [{ start, end: start + 10 }] })).toEqual(['Harbour > Sails'])
  })
})

/** The lines chosen, but headings: boilerplate never overlaps one. */
function linesAt({ text, outline }: ParsedDocument, chosen: readonly number[]): Span[] {
  let start = 0
  const lines = text.split('\n').map((line) => {
    const span = { start, end: start + line.length }
    start = span.end + 1
    return span
  })
  const free = lines.filter((line) => line.end > line.start && outline.every(({ span }) => span.start !== line.start))
  return free.filter((_, i) => chosen.includes(i))
}

describe('for any document', () => {
  const words = fc
    .array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.constantFrom(
            'boat',
            'Tide.',
            'rope,',
            'e.g.',
            'Go!',
            '“Ahoy.”',
            'is:',
            '1.',
            '😀',
            '港。',
            '。',
          ),
        },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
        { weight: 1, arbitrary: fc.nat(2500).map((n) => 'ab😀'.repeat(n / 4)) },
      ),
      { minLength: 1, maxLength: 30 },
    )
    .chain((parts) =>
      fc.nat(12).map((times) =>
        Array(times + 1)
          .fill(parts.join(' '))
          .join(' '),
      ),
    )
  const block: fc.Arbitrary<Block> = fc.oneof(
    fc.record({
      type: fc.constant('heading'),
      level: fc.integer({ min: 1, max: 6 }),
      text: words.map((w) => w.slice(0, 60)),
    }),
    fc.record({ type: fc.constant('paragraph'), text: words }),
    fc.record({ type: fc.constant('entry'), depth: fc.nat(3), marker: fc.constantFrom('-', '2.', ''), text: words }),
    fc.record({ type: fc.constant('row'), cells: fc.array(words, { maxLength: 3 }) }),
    fc.record({ type: fc.constant('code'), text: words.map((w) => w.replaceAll(' ', '\n\t')) }),
  )
  const anyDocument = fc
    .tuple(fc.array(block, { maxLength: 12 }), fc.uniqueArray(fc.nat(12), { maxLength: 6 }))
    .map(([blocks, chosen]) => {
      const parsed = documentOf(blocks)
      return { ...parsed, boilerplate: linesAt(parsed, chosen) }
    })
  const forAny = (check: (parsed: ParsedDocument, chunks: Awaited<ReturnType<typeof chunk>>) => void) =>
    fc.assert(
      fc.asyncProperty(anyDocument, async (parsed) => check(parsed, await chunk(parsed))),
      { numRuns: 200 },
    )

  test('every chunk equals its slice, trimmed, not empty, not too long, not cut within a letter', () =>
    forAny((parsed, chunks) => {
      for (const { text, span } of chunks) {
        expect(text).toBe(parsed.text.slice(span.start, span.end))
        expect(text).toBe(text.trim())
        expect(text.length).toBeGreaterThan(0)
        expect(text.length).toBeLessThanOrEqual(MAX_CHUNK_SIZE)
        expect(text.isWellFormed()).toBe(true)
      }
    }))

  test('chunks are numbered, in order and do not overlap', () =>
    forAny((_, chunks) => {
      expect(chunks.map(({ ordinal }) => ordinal)).toEqual([...chunks.keys()])
      for (const [i, { span }] of chunks.entries())
        expect(span.start).toBeGreaterThanOrEqual(chunks[i - 1]?.span.end ?? 0)
    }))

  test('chunks, headings and boilerplate together cover every letter of the text, and none twice', () =>
    forAny((parsed, chunks) => {
      const spans = [...chunks, ...parsed.outline].map(({ span }) => span)
      spans.push(...parsed.boilerplate)
      spans.sort((a, b) => a.start - b.start)
      let rest = ''
      let end = 0
      for (const span of spans) {
        expect(span.start).toBeGreaterThanOrEqual(end)
        rest += parsed.text.slice(end, span.start)
        end = span.end
      }
      expect((rest + parsed.text.slice(end)).trim()).toBe('')
    }))
})
