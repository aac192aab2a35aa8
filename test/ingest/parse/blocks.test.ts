// Blocks become plain text in one place; these are its rules.
import { describe, expect, test } from 'vitest'
import { assemble, type Block, cleanLine, proseBlocks } from '../../../ingest/parse/blocks.ts'

const paragraph = (text: string): Block => ({ type: 'paragraph', text })
const entry = (depth: number, marker: string, text: string): Block => ({ type: 'entry', depth, marker, text })
const textOf = (...blocks: Block[]) => assemble(blocks).text

describe('assemble', () => {
  test('separates blocks by one blank line and drops those without words', () => {
    expect(textOf(paragraph('One.'), paragraph(' \u00a0\n '), paragraph('Two.'))).toBe('One.\n\nTwo.')
  })

  test('writes list entries one per line, two spaces deeper per level', () => {
    expect(
      textOf(entry(0, '-', 'Tea'), entry(1, '1.', 'Green'), entry(1, '', 'from Uji'), entry(0, '-', 'Coffee')),
    ).toBe('- Tea\n  1. Green\n    from Uji\n- Coffee')
  })

  test('bounds the indentation of a list nested without end', () => {
    expect(textOf(entry(100_000, '-', 'deep')).length).toBeLessThan(40)
  })

  test('writes table rows one per line, cells joined by a bar', () => {
    expect(textOf({ type: 'row', cells: ['Plan', 'Price'] }, { type: 'row', cells: ['Small', ' 5 \n EUR'] })).toBe(
      'Plan | Price\nSmall | 5 EUR',
    )
  })

  test('keeps the lines and the indentation of code, but not the empty lines around it', () => {
    expect(textOf(paragraph('Run:'), { type: 'code', text: '\n\n  if x:\r\n\ty  = 1\n\n' })).toBe(
      'Run:\n\n  if x:\n\ty  = 1',
    )
  })

  test('points every heading at its own words', () => {
    const { text, outline } = assemble([
      paragraph('Before.'),
      { type: 'heading', level: 1, text: ' The  \n title ' },
      { type: 'heading', level: 3, text: '' },
      paragraph('After.'),
    ])
    expect(outline).toEqual([{ level: 1, title: 'The title', span: { start: 9, end: 18 } }])
    expect(text.slice(9, 18)).toBe('The title')
  })

  test('keeps a paragraph that was tagged as a heading as evidence', () => {
    const { text, outline } = assemble([{ type: 'heading', level: 2, text: 'word '.repeat(60) }])
    expect(outline).toEqual([])
    expect(text).toHaveLength(299)
  })
})

describe('cleanLine', () => {
  test('turns soft line breaks, tabs and no-break spaces into one space', () => {
    expect(cleanLine(' a\n\tb\u00a0 c\u2009d\u0085e ')).toBe('a b c d e')
  })

  test('removes what a reader cannot see', () => {
    expect(cleanLine('pass\u200bword\u00ad\0\u2060\ufeff \u202ereversed')).toBe('password reversed')
  })

  test('does not keep an order hidden in tag characters', () => {
    const hidden = 'ignore'
      .split('')
      .map((letter) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0)))
      .join('')
    expect(cleanLine(`harmless${hidden} text`)).toBe('harmless text')
  })

  test('keeps the joiners that spell a word or an emoji', () => {
    expect(cleanLine('می\u200cخواهم 👩\u200d💻 a\u200cb')).toBe('می\u200cخواهم 👩\u200d💻 ab')
  })

  test('replaces lone surrogates and composes accents', () => {
    expect(cleanLine('\ud800x cafe\u0301')).toBe('\ufffdx café')
  })

  test('keeps signs that look like others: a quote shows what was written', () => {
    expect(cleanLine('x² ﬁne ½')).toBe('x² ﬁne ½')
  })
})

describe('proseBlocks', () => {
  test('reads lines with tabs as the rows of a pasted table', () => {
    expect(assemble(proseBlocks('Region\tDelay\nNorth\t12 ms')).text).toBe('Region | Delay\nNorth | 12 ms')
  })

  test('reads one line with a tab as a sentence', () => {
    expect(assemble(proseBlocks('See\tbelow.')).text).toBe('See below.')
  })
})
