import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clean, createWrapper, widthOf, wrap } from '../../cli/layout.ts'

function writeAll(parts: readonly string[], width: number): string {
  const writer = createWrapper(width)
  return parts.map((part) => writer.push(part)).join('') + writer.end()
}

describe('text on a terminal', () => {
  it('breaks between words at the width', () => {
    expect(writeAll(['the quick brown fox jumps'], 10)).toBe('the quick\nbrown fox\njumps')
  })

  it('keeps line breaks, and the lines of a list entry stand under its words', () => {
    expect(writeAll(['Two:\n\n- one two three\n10. four five\nsix'], 9)).toBe(
      'Two:\n\n- one two\n  three\n10. four\n    five\nsix',
    )
  })

  it('does not break a word that is longer than the line', () => {
    expect(writeAll(['see https://example.com/long now'], 10)).toBe('see\nhttps://example.com/long\nnow')
  })

  it('is the same however it arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ab \n-]{0,9}$/)), fc.integer({ min: 4, max: 20 }), (parts, width) => {
        expect(writeAll(parts, width)).toBe(writeAll([parts.join('')], width))
      }),
    )
  })

  it('keeps every word, and no line that could have been broken is too long', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/)), fc.integer({ min: 5, max: 30 }), (list, width) => {
        const lines = writeAll([list.join(' ')], width).split('\n')
        expect(lines.flatMap((line) => line.split(' ')).filter((word) => word !== '')).toEqual(list)
        for (const line of lines) expect(line.length <= width || !line.trim().includes(' ')).toBe(true)
      }),
    )
  })

  it('cannot steer the terminal', () => {
    const attack = '\u001b[2J\u001b]0;title\u0007a\u0008\u009b31mb\u202ec\u2066d\r\u0000\u007f'
    expect(clean(attack)).toBe('[2J]0;titlea31mbcd')
    expect(wrap(attack, 80)).toBe('[2J]0;titlea31mbcd')
    expect(clean('line\n\ttab é 🚦')).toBe('line\n\ttab é 🚦')
  })

  it('hangs under its label', () => {
    expect(wrap('one two three', 11, '    ')).toBe('one two\n    three')
  })
})

describe('the width', () => {
  it('is that of a terminal, within what can be read, and none of a pipe', () => {
    expect(widthOf({ isTTY: true, columns: 72 })).toBe(72)
    expect(widthOf({ isTTY: true, columns: 400 })).toBe(100)
    expect(widthOf({ isTTY: true, columns: 3 })).toBe(20)
    expect(widthOf({ isTTY: true })).toBe(80)
    expect(widthOf({})).toBe(Number.POSITIVE_INFINITY)
    expect(writeAll(['word '.repeat(200)], widthOf({}))).not.toContain('\n')
  })
})
