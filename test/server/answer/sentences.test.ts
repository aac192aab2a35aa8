// What an answer can quote: sentences, list entries and rows, as exact slices of the document.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listMark, type Piece, piecesOf, sentenceSpans } from '../../../server/answer/sentences.ts'
import { passageOf } from '../../support/passages.ts'

function sentencesOf(line: string): string[] {
  return sentenceSpans(line).map(({ start, end }) => line.slice(start, end))
}

describe('sentences', () => {
  it.each<readonly [string, ...string[]]>([
    ['Redis counts. Lua updates.', 'Redis counts.', 'Lua updates.'],
    ['Is it on? It is! Good…', 'Is it on?', 'It is!', 'Good…'],
    ['He said “It is on.” Then he left.', 'He said “It is on.”', 'Then he left.'],
    ['"It is on." Then he left.', '"It is on."', 'Then he left.'],
    ['(It is on.) Then he left.', '(It is on.)', 'Then he left.'],
    ['限流很简单。计数保存在Redis中。', '限流很简单。', '计数保存在Redis中。'],
    ['It costs 10. They pay 20.', 'It costs 10.', 'They pay 20.'],
    ['No stop at the end', 'No stop at the end'],
    ['   Space around.   ', 'Space around.'],
    ['It ends 🚦. Then it goes on 🚦🚦', 'It ends 🚦.', 'Then it goes on 🚦🚦'],
  ])('of %j', (line, ...sentences) => {
    expect(sentencesOf(line)).toEqual(sentences)
  })

  it.each([
    'Stores, e.g. Redis, keep counts.',
    'Stores, i.e. Redis and Kafka, keep counts.',
    'E.g. Redis keeps counts.',
    'Redis vs. Kafka is a choice.',
    'It was found by Dr. Smith and J. Doe.',
    'It was found by J. R. Doe at Acme Inc. Labs.',
    'The U.S. Region is far from the U.K. Region.',
    'Smith et al. Found it.',
    'See Fig. 4 and No. 5.',
    'It takes 3.5 ms at 99.99 % for 1,000 users.',
    'Version 1.2.3 of node.js is at https://nodejs.org/en. or so.',
    'Call limits.get(user). then wait.',
    'What is in example.com/a.b?c=d.e is known.',
    'It broke after approx. 5 minutes.',
  ])('are not cut in %j', (line) => {
    expect(sentencesOf(line)).toEqual([line])
  })

  it('of a line of code are one', () => {
    expect(sentencesOf('const a = b.c ? d.e() : f.g[0];')).toHaveLength(1)
  })
})

function told(text: string): [Piece['kind'], string, number][] {
  return piecesOf(passageOf(text, { offset: 40 })).map((piece) => [piece.kind, piece.text, piece.line])
}

describe('pieces', () => {
  it('of a paragraph share its line', () => {
    expect(told('One is. Two is.\n\nThree is.')).toEqual([
      ['sentence', 'One is.', 0],
      ['sentence', 'Two is.', 0],
      ['sentence', 'Three is.', 2],
    ])
  })

  it.each(['- ', '* ', '• ', '1. ', '12) ', '  - '])('of a list stand without their mark %j', (mark) => {
    expect(told(`${mark}Redis counts all requests. It is fast.`)).toEqual([
      ['entry', 'Redis counts all requests.', 0],
      ['sentence', 'It is fast.', 0],
    ])
  })

  it('of an entry that begins with a name hold the sentence behind it', () => {
    expect(told('- Servers. They run FreeBSD. It is old.')).toEqual([
      ['entry', 'Servers. They run FreeBSD.', 0],
      ['sentence', 'It is old.', 0],
    ])
  })

  it('of a table are its rows without the head', () => {
    expect(told('Name | Limit\nTest. Mode | 5\nLive | 9')).toEqual([
      ['row', 'Test. Mode | 5', 1],
      ['row', 'Live | 9', 2],
    ])
  })

  it('of a long row are its cells, which know their row and their column', () => {
    const long = Array.from({ length: 30 }, (_, at) => `word${at}`).join(' ')
    const passage = passageOf(`Language | Cons\nGo | - Few libraries ${long}\nRust | Slow`)
    const cells = piecesOf(passage)
    expect(cells.map(({ text }) => text)).toEqual(['Go', `Few libraries ${long}`, 'Rust | Slow'])
    expect([...cells[1]!.terms]).toEqual(expect.arrayContaining(['go', 'con', 'librari']))
  })

  it('are not made of a number that begins a sentence, a minus or a lone mark', () => {
    expect(told('2024 was good.\n-5 degrees\n- \n1.')).toEqual([
      ['sentence', '2024 was good.', 0],
      ['sentence', '-5 degrees', 1],
      ['sentence', '1.', 3],
    ])
  })

  it('know their words, folded and stemmed', () => {
    const [piece] = piecesOf(passageOf('Cafés sharded 1,000 tables.'))
    expect([...(piece?.terms ?? [])]).toEqual(['cafe', 'shard', '1000', 'tabl'])
  })

  it('of any text are exact slices, in order, apart, and hold all of it but list marks', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'Redis',
        'e.g.',
        'U.S.',
        '3.5',
        '🚦',
        '限流。',
        '.',
        '. ',
        '? ',
        '\n',
        '\n- ',
        '\n1. ',
        ' | ',
        '“a.”',
        ' ',
        '\r\n',
        '\u00a0',
        '\t',
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.nat(99), (parts, offset) => {
        const text = parts.join('').toWellFormed()
        let before = offset
        const left = text.split('')
        for (const { span, text: words } of piecesOf(passageOf(text, { offset }))) {
          expect(text.slice(span.start - offset, span.end - offset)).toBe(words)
          expect(words.trim()).toBe(words)
          expect(span.start).toBeGreaterThanOrEqual(before)
          expect(span.end).toBeGreaterThan(span.start)
          expect(words).not.toContain('\n')
          before = span.end
          left.fill(' ', span.start - offset, span.end - offset)
        }
        // The head of a table is no evidence.
        for (const line of left
          .join('')
          .split('\n')
          .filter((each) => !each.includes(' | ')))
          expect(line.trim()).toMatch(/^(?:[-•*]|\d{1,2}[.)])?$/)
      }),
      { numRuns: 1000 },
    )
  })

  it('are not separated from a list mark that is none', () => {
    expect(listMark.test('123. Redis')).toBe(false)
    expect(listMark.test('-Redis')).toBe(false)
    expect(listMark.test(' 1) Redis')).toBe(true)
  })
})
