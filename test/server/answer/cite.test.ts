// Markers in a stream: examples for readers, and properties against a second implementation over the whole text.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMarkerReader, type MarkerToken } from '../../../server/answer/cite.ts'

type Reading = { readonly tokens: MarkerToken[]; readonly unknown: number }

/** Reads the deltas and joins neighbouring texts, as deltas cut them at will. */
function read(deltas: readonly string[], passageCount: number): Reading {
  const reader = createMarkerReader(passageCount)
  const tokens = deltas.flatMap((delta) => reader.push(delta))
  return { tokens: joinTexts([...tokens, ...reader.end()]), unknown: reader.unknown() }
}

function joinTexts(tokens: readonly MarkerToken[]): MarkerToken[] {
  const joined: MarkerToken[] = []
  for (const token of tokens) {
    const last = joined.at(-1)
    if (token.type === 'text' && last?.type === 'text') joined[joined.length - 1] = text(last.text + token.text)
    else joined.push(token)
  }
  return joined
}

function text(text: string): MarkerToken {
  return { type: 'text', text }
}

function cite(...passages: number[]): MarkerToken {
  return { type: 'marker', passages }
}

describe('a marker', () => {
  it.each<[string, MarkerToken[]]>([
    ['A [1].', [text('A '), cite(1), text('.')]],
    ['A[1].', [text('A'), cite(1), text('.')]],
    ['A [1][2]', [text('A '), cite(1), cite(2)]],
    ['A [1] [2]', [text('A '), cite(1), text(' '), cite(2)]],
    ['A [1, 2]', [text('A '), cite(1, 2)]],
    ['A [1,2;3]', [text('A '), cite(1, 2, 3)]],
    ['A [2, 1, 2]', [text('A '), cite(2, 1)]],
    ['A [ 1 ]', [text('A '), cite(1)]],
    ['A 【3】', [text('A '), cite(3)]],
    ['A [^2]', [text('A '), cite(2)]],
    ['A [^1, ^2]', [text('A '), cite(1, 2)]],
    ['A [1-3]', [text('A '), cite(1, 2, 3)]],
    ['A [1–2, 5]', [text('A '), cite(1, 2, 5)]],
    ['A [3-1]', [text('A '), cite(3, 1)]],
    ['A [Source 2].', [text('A '), cite(2), text('.')]],
    ['A [passages 1, 3].', [text('A '), cite(1, 3), text('.')]],
    ['A【4†source】.', [text('A'), cite(4), text('.')]],
    ['A [2†L1-L4]', [text('A '), cite(2)]],
    ['A [[1]]', [text('A ['), cite(1), text(']')]],
    ['[1](https://evil.example)', [cite(1), text('(https://evil.example)')]],
    ['[1]: https://evil.example', [cite(1), text(': https://evil.example')]],
    ['`code`[1]', [text('`code`'), cite(1)]],
    ['[see below][1]', [text('[see below]'), cite(1)]],
  ])('is read in %j', (answer, tokens) => {
    expect(read([answer], 5)).toEqual({ tokens, unknown: 0 })
  })

  it.each<[string, MarkerToken[], number]>([
    ['A [9].', [text('A.')], 1],
    ['A\u202f[9].', [text('A.')], 1],
    ['A [0] b', [text('A b')], 1],
    ['A [9][8].', [text('A.')], 2],
    ['A [9] [1].', [text('A '), cite(1), text('.')], 1],
    ['A [1] [9].', [text('A '), cite(1), text('.')], 1],
    ['A [1, 9]', [text('A '), cite(1)], 1],
    ['A [4-9]', [text('A '), cite(4)], 1],
    ['A [7-9]', [text('A')], 2],
    ['A [1][9]', [text('A '), cite(1)], 1],
    ['[9] A', [text(' A')], 1],
  ])('loses the numbers of no passage in %j', (answer, tokens, unknown) => {
    expect(read([answer], 5)).toEqual({ tokens, unknown })
  })

  it('is never known when there is no passage', () => {
    expect(read(['A [1]. B [2, 3].'], 0)).toEqual({ tokens: [text('A. B.')], unknown: 3 })
  })
})

describe('what is no marker', () => {
  it.each([
    'See [the docs](https://example.com).',
    'array[0] and matrix[9][8]',
    'Prüfung[7]',
    'see [below]',
    '- [ ] todo, - [x] done',
    'in [2023] or [1999]',
    '[1',
    '[sources]',
    '[Source code]',
    '[passage',
    '[†2]',
    '[1, ',
    '[]',
    '[^note]',
    '[1.5]',
    '[1】 【1]',
    '[1\n]',
    '[1,,2]',
    '\\[1\\]',
    'x = `a[1]` + ``b`[2]``',
    '```js\nlet a = b[1] [2]\n```',
    '> ```\n> [1]\n> ```',
    '````\n```\n[1]\n```\n[2]\n````',
    '```\n[1]\n```js\n[2]',
    'an open ` swallows [1] its line',
  ])('stays text: %j', (answer) => {
    expect(read([answer], 5)).toEqual({ tokens: [text(answer)], unknown: 0 })
  })

  it.each<[string, MarkerToken[]]>([
    ['```\n[1]\n```\n[2]', [text('```\n[1]\n```\n'), cite(2)]],
    ['```\n[1]\n``` \r\n[2]', [text('```\n[1]\n``` \r\n'), cite(2)]],
    ['a ` stray\n[2]', [text('a ` stray\n'), cite(2)]],
    ['```not a fence``` [2]', [text('```not a fence``` '), cite(2)]],
    ['`` ` `` [2]', [text('`` ` `` '), cite(2)]],
  ])('ends with the code in %j', (answer, tokens) => {
    expect(read([answer], 5).tokens).toEqual(tokens)
  })

  it('holds back no more than 64 characters of a list without end', () => {
    const reader = createMarkerReader(5)
    const given = reader.push(`[${'1,'.repeat(500)}`).map((token) => (token.type === 'text' ? token.text : ''))
    expect(given.join('').length).toBeGreaterThan(1_001 - 64)
  })
})

describe('holding back', () => {
  it('gives prose at once', () => {
    const reader = createMarkerReader(5)
    expect(reader.push('Stripe runs')).toEqual([text('Stripe runs')])
    expect(reader.push(' four')).toEqual([text(' four')])
  })

  it('keeps an open bracket, and the space before it, only while it can become a marker', () => {
    const reader = createMarkerReader(5)
    expect(reader.push('limiters [')).toEqual([text('limiters')])
    expect(reader.push('1')).toEqual([])
    expect(reader.push('] and [')).toEqual([text(' '), cite(1), text(' and')])
    expect(reader.push('so')).toEqual([])
    expect(reader.push('me')).toEqual([text(' [some')])
  })

  it('gives a marker with its last bracket', () => {
    const reader = createMarkerReader(5)
    expect(reader.push('A [2]')).toEqual([text('A '), cite(2)])
  })

  it('gives what it kept at the end', () => {
    const reader = createMarkerReader(5)
    reader.push('A [1')
    expect(reader.end()).toEqual([text(' [1')])
    expect(reader.end()).toEqual([])
  })

  it('keeps no code', () => {
    const reader = createMarkerReader(5)
    expect(reader.push('`a [')).toEqual([text('`a [')])
  })
})

// The same rules over a complete text, written as line by line and pattern by pattern as can be.
const list = / ?\^?\d{1,3}(?: ?[,;\-–] ?\^?\d{1,3})* ?/.source
const named = '(?:(?:source|passage)s? )?'
const place = '(?:†[^\\[\\]【】\\n]*)?'
const candidate = new RegExp(
  `([ \u00a0\u202f])?(?<!\\\\)(?:\\[${named}${list}${place}\\]|【${named}${list}${place}】)`,
  'gi',
)

function readWhole(answer: string, passageCount: number): Reading {
  const masked = maskCode(answer)
  const tokens: MarkerToken[] = []
  let unknown = 0
  let end = 0
  for (const match of masked.matchAll(candidate)) {
    const [all, space = ''] = match
    if (all.length - space.length > 64) continue
    const numbers = expand(all, passageCount)
    const known = numbers.filter((number) => number >= 1 && number <= passageCount)
    const behindMarker = match.index === end && end > 0
    const glued = space === '' && !behindMarker && /[\p{L}\p{N}_\]]/u.test(answer.charAt(match.index - 1))
    if (known.length === 0 && glued) continue
    const kept = known.length > 0 ? space : ''
    tokens.push(text(answer.slice(end, match.index) + kept))
    if (known.length > 0) tokens.push(cite(...new Set(known)))
    unknown += numbers.length - known.length
    end = match.index + all.length
  }
  const written = [...tokens, text(answer.slice(end))].filter((token) => token.type === 'marker' || token.text !== '')
  return { tokens: joinTexts(written), unknown }
}

function expand(marker: string, passageCount: number): number[] {
  const parts = marker.replace(/†.*/, '').matchAll(/(\d+)(?: ?[-–] ?\^?(\d+))?/g)
  return [...parts].flatMap(([, from, to]) => {
    const [first, last] = [Number(from), Number(to ?? from)]
    if (to === undefined) return [first]
    if (first < 1 || last > passageCount || first > last) return [first, last]
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

function maskCode(answer: string): string {
  let fence: string | null = null
  const lines = answer.split(/(?<=\n)/).map((line) => {
    const mask = line.replaceAll(/[^\n]/g, '\uE000')
    if (fence !== null) {
      const closing = /^[ \t>]*(`+)[ \t\r]*\n?$/.exec(line)?.[1]
      if (closing !== undefined && closing.length >= fence.length) fence = null
      return mask
    }
    fence = /^[ \t>]*(`{3,})[^`]*$/.exec(line)?.[1] ?? null
    return fence === null ? maskInline(line) : mask
  })
  return lines.join('')
}

function maskInline(line: string): string {
  const runs = [...line.matchAll(/`+/g)]
  let masked = line
  for (let i = 0; i < runs.length; i++) {
    const close = runs.findIndex((run, at) => at > i && run[0].length === runs[i]![0].length)
    const from = runs[i]!.index
    const to = close === -1 ? line.length : runs[close]!.index + runs[close]![0].length
    masked = masked.slice(0, from) + line.slice(from, to).replaceAll(/[^\n]/g, '\uE000') + masked.slice(to)
    i = close === -1 ? runs.length : close
  }
  return masked
}

const pieces =
  '[ ] 【 】 [1] [9] [1,2] [2-4] [^3] 1 23 4567 0 , ; - – ^ ` `` ``` > \\ a word _ é 日本 🚦 ( ) . arr[0] ](http://x)'
    .split(' ')
    .concat(['[Source 2]', '[passage ', '【4†source】', '†L1-L4]', 'source'])
    .concat([' ', ' ', '\u202f', '\n', '\r\n', '\n```', '\n```\n', ' [2]', ' [8]', '[1, 2]', `[${'1,'.repeat(30)}1`])
const piece = fc.constantFrom(...pieces)
const answers = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
const counts = fc.integer({ min: 0, max: 6 })
const runs = { numRuns: 3_000 }

/** Cuts between any two UTF-16 units, in the middle of a character too. */
function cut(answer: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (answer.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, index) => answer.slice(from, at[index] ?? answer.length))
}

describe('any answer', () => {
  it('reads as the rules over the whole text say', () => {
    fc.assert(
      fc.property(answers, counts, (answer, count) => {
        expect(read([answer], count)).toEqual(readWhole(answer, count))
      }),
      runs,
    )
  })

  it('reads alike however it is cut', () => {
    fc.assert(
      fc.property(answers, counts, fc.array(fc.nat(), { maxLength: 60 }), (answer, count, places) => {
        expect(read(cut(answer, places), count)).toEqual(read([answer], count))
      }),
      runs,
    )
  })

  it('loses no text and repeats none: markers alone are missing', () => {
    fc.assert(
      fc.property(answers, counts, (answer, count) => {
        const kept = read(answer.split(''), count)
          .tokens.map((token) => (token.type === 'text' ? token.text : ''))
          .join('')
        // Without what a marker may hold besides its numbers.
        const letters = /[^[\]【】\d,;\-–^ \u202f]/gu
        const bare = (written: string) => written.replaceAll(/†?source|passage|†L1-L4|†/gi, '').match(letters)
        expect(bare(kept)).toEqual(bare(answer))
        if (!/[[【]/.test(answer)) expect(kept).toBe(answer)
      }),
      runs,
    )
  })

  it('never holds back more than a space and an open bracket', () => {
    fc.assert(
      fc.property(answers, counts, (answer, count) => {
        const reader = createMarkerReader(count)
        reader.push(answer)
        const held = reader.end()
        expect(reader.end()).toEqual([])
        expect(held.length).toBeLessThanOrEqual(1)
        if (held[0])
          expect(held[0].type === 'text' && held[0].text).toMatch(/^[ \u00a0\u202f]?(?:[[【][^[\]【】\n]{0,63})?$/)
      }),
      runs,
    )
  })
})
