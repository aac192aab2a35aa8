// Plain text has no markup: shapes of lines decide, and in doubt a line stays prose.
import { describe, expect, test } from 'vitest'
import { readPlain } from '../../../ingest/parse/read.ts'

const read = (text: string) => readPlain('letters/harbour_letter-12.txt', new TextEncoder().encode(text))!
const outlineOf = (text: string) => read(text).outline.map(({ title }) => title)

const prose =
  'The pilots met on Monday and agreed on a shorter route, which saves an hour on calm days and costs nothing on all the others.'

describe('paragraphs and lists', () => {
  test('rejoins wrapped lines', () => {
    expect(read('the tide turned\nearly and the well-\nknown boats\nwaited.\n\nNobody minded.').text).toBe(
      'the tide turned early and the well-known boats waited.\n\nNobody minded.',
    )
  })

  test('takes each line of unwrapped text as its own paragraph', () => {
    expect(read(`${prose}\n${prose}`).text).toBe(`${prose}\n\n${prose}`)
  })

  test('reads bullets, numbers and their levels', () => {
    expect(read('  • Ropes\n    * hemp\n      and jute\n\n  • Sails\n1. Mend\n2) Sew').text).toBe(
      '- Ropes\n  - hemp and jute\n- Sails\n1. Mend\n2. Sew',
    )
  })

  test('removes the remains of bold and of formulas, not prices and powers', () => {
    expect(read('The **new** pier takes $n$ boats, costs $35 and has 2**3 rings.').text).toBe(
      'The new pier takes n boats, costs $35 and has 2**3 rings.',
    )
  })

  test('keeps a pasted table in rows', () => {
    expect(read('Boat\tLength\nAda\t12 m\nBea\t9 m').text).toBe('Boat | Length\nAda | 12 m\nBea | 9 m')
  })

  test('reads a page break as the end of a paragraph', () => {
    expect(read('one page\fnext page').text).toBe('one page next page')
  })
})

describe('headings', () => {
  test('a line in title case above prose is a heading', () => {
    expect(outlineOf(`A Shorter Route\n\n${prose}\n\nNew Ropes For Old Boats\n${prose}`)).toEqual([
      'A Shorter Route',
      'New Ropes For Old Boats',
    ])
  })

  test('a short line in sentence case needs a long paragraph below it', () => {
    expect(
      outlineOf(`Keeping ropes dry in winter\n\n${prose}\n\nseen in issue 4\n\nRopes in winter\n\nStill dry.`),
    ).toEqual(['Keeping ropes dry in winter'])
  })

  test('a title above wrapped lines without a blank line between is a heading', () => {
    const wrapped =
      'Hemp swells when it is wet and holds a knot well,\nbut it rots in the dark of a locker unless\nit is aired.'
    expect(read(`Hemp And Jute\n${wrapped}`)).toMatchObject({
      text: `Hemp And Jute\n\n${wrapped.replaceAll('\n', ' ')}`,
      outline: [{ title: 'Hemp And Jute' }],
    })
  })

  test.each([
    ['a sentence', 'The boats left at dawn.'],
    ['two sentences', 'Gone. All Boats Left At Dawn'],
    ['an announcement', 'What The Pilots Said:'],
    ['a question and its answer', 'Which rope holds? Hemp and jute'],
    ['a line that trails off', 'Read The Rest ...'],
    ['a bullet', '- Ropes And Sails'],
    ['a path', '/Ropes'],
    ['a number', '42'],
    ['a lower-case line', 'seen in issue 4'],
    ['a long line in sentence case', 'Ropes that were left out all night in the rain for about a week'],
  ])('%s is no heading', (_, line) => {
    expect(outlineOf(`${prose}\n\n${line}\n\n${prose}`)).toEqual([])
  })

  test('a caption that ends in a name is no heading above a short line', () => {
    const caption = 'Shown for your pleasure: Drone Boats Of The Old Harbour'
    expect(outlineOf(`${caption}\n\nThe boats in it were lent to us by the pilots of the town.`)).toEqual([])
  })

  test('a title in title case may ask first', () => {
    expect(outlineOf(`Hemp Or Jute Or Wire? Ropes For Old Boats\n\n${prose}`)).toHaveLength(1)
  })

  test('the label above the count of a listing is no heading', () => {
    expect(
      outlineOf(`Latest Letters\nShowing 2 of 17 letters\nA Shorter Route\n${prose}\nNew Ropes\n${prose}`),
    ).toEqual(['A Shorter Route', 'New Ropes'])
  })

  test('of a digest are its articles: not its authors, abstracts or sources', () => {
    const titles = ['A Shorter Route', "Keeping Ropes 'All Dry' In Winter"]
    const entries = titles.map((title) => `${title}\n\n- Ada Pilot tl;dr: “${prose}”\n\nfeatured in #12\n\n\n`)
    expect(outlineOf(`/Letters\n\n${entries.join('')}`)).toEqual(titles)
  })

  test('below one blank line are sections of those below two', () => {
    const text = `First Letter\n\n${prose}\n\nThe Route\n\n${prose}\n\n\nSecond Letter\n\n${prose}\n\n\nThird Letter\n\n${prose}`
    expect(read(text).outline.map(({ level, title }) => `${level} ${title}`)).toEqual([
      '2 First Letter',
      '3 The Route',
      '2 Second Letter',
      '2 Third Letter',
    ])
  })

  test('a last line is no heading: nothing stands below it', () => {
    expect(outlineOf(`${prose}\n\nYours Truly`)).toEqual([])
  })

  test('markdown headings make it markdown', () => {
    expect(read('# Harbour *news*\n\n## Ropes\n\nDry.')).toMatchObject({
      title: 'Harbour news',
      outline: [{ level: 1 }, { level: 2 }],
    })
  })

  test('a comment in a script is no markdown heading', () => {
    expect(read('make boat\n# build it\nmake sail').text).toBe('make boat # build it make sail')
  })
})

describe('title', () => {
  test('is the only heading, when the text begins with it', () => {
    expect(read(`A Shorter Route\n\n${prose}`)).toMatchObject({ title: 'A Shorter Route', outline: [{ level: 1 }] })
  })

  test('is the first heading when the next follows at once', () => {
    const parsed = read(`The Harbour Letter\n\nA Shorter Route\n\n${prose}\n\nNew Ropes\n\n${prose}`)
    expect(parsed.title).toBe('The Harbour Letter')
    expect(parsed.outline.map(({ level }) => level)).toEqual([1, 2, 2])
  })

  test('is the name of the file when the first heading is one of many', () => {
    const parsed = read(`A Shorter Route\n\n${prose}\n\nNew Ropes\n\n${prose}`)
    expect(parsed.title).toBe('Harbour letter 12')
    expect(parsed.outline.map(({ level }) => level)).toEqual([2, 2])
  })
})
