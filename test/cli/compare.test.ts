// A stored answer that is not what the stored texts say is told by its first character that differs.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultsOf, type StoredAnswer } from '../../cli/compare.ts'

const text = 'Före 🚦: Stripe runs four limiters. It sheds load.'
const document = { id: 'doc_1', revision: 'r1' }
const place = (words: string) => {
  const start = text.indexOf(words)
  return { document, span: { start, end: start + words.length } }
}

const answer: StoredAnswer = {
  id: 'ans_1',
  answer: 'Stripe runs four limiters. [1] It sheds. [2]',
  statements: [
    { start: 0, end: 26, citations: [1] },
    { start: 31, end: 40, citations: [2] },
  ],
  citations: [
    { n: 1, passage: 1, quote: 'Stripe runs four limiters.', ...place('Stripe runs four limiters.') },
    { n: 2, passage: 1, quote: 'sheds', ...place('sheds') },
  ],
  passages: [{ n: 1, text: text.slice(5), ...place(text.slice(5)) }],
  nearest: [],
}
const [first, second] = answer.citations as [StoredAnswer['citations'][0], StoredAnswer['citations'][0]]
const [passage] = answer.passages as [StoredAnswer['passages'][0]]

const compare = async (changes: Partial<StoredAnswer>, stored: string | null = text) =>
  await faultsOf({ ...answer, ...changes }, async ({ id, revision }) =>
    id === document.id && revision === document.revision ? stored : null,
  )

describe('an answer compared with the stored texts', () => {
  it('has no faults when every word is as stored', async () => {
    expect(await compare({})).toEqual([])
  })

  const where = 'doc_1 in revision r1'
  const faults: [name: string, changes: Partial<StoredAnswer>, fault: string][] = [
    [
      'a word of a quote',
      { citations: [{ ...first, quote: 'Stripe runs five limiters.' }, second] },
      // Twelve characters into the quote; before it stand an ö of two bytes and a light of four.
      `citation 1: differs at character 22 (byte 25) of ${where}: "ive limiters.", stored is "our limiters."`,
    ],
    [
      'a quote that goes on',
      { citations: [first, { ...second, quote: 'sheds load' }] },
      `citation 2: differs at character 44 (byte 47) of ${where}: " load", stored is nothing`,
    ],
    [
      'a place behind the end',
      { citations: [first, { ...second, span: { start: 900, end: 905 } }], passages: [passage] },
      `citation 2: differs at character 900 (byte 53) of ${where}: "sheds", stored is nothing`,
    ],
    [
      'a passage',
      { passages: [{ ...passage, text: `${passage.text.slice(0, -1)}!` }] },
      `passage 1: differs at character 49 (byte 52) of ${where}: "!", stored is "."`,
    ],
    [
      'a nearest passage',
      { nearest: [{ ...passage, text: passage.text.toUpperCase() }] },
      `nearest passage 1: differs at character 10 (byte 13) of ${where}: "TRIPE RUNS FOUR LIMI", stored is "tripe runs four limi"`,
    ],
    [
      'a revision',
      { citations: [{ ...first, document: { id: 'doc_1', revision: 'r2' } }, second] },
      'citation 1: there is no doc_1 in revision r2',
    ],
    [
      'the number of a passage',
      { citations: [{ ...first, passage: 2 }, second] },
      'citation 1: does not lie in passage 2',
    ],
    ['a marker', { answer: answer.answer.replace('[2]', '[3]') }, 'the text: cites 3, which there is not'],
    [
      'a number of a statement',
      { statements: [{ start: 0, end: 26, citations: [1, 9] }] },
      'statement 1: cites 9, which there is not',
    ],
    [
      'a statement',
      { statements: [{ start: 31, end: 45, citations: [2] }] },
      'statement 1: [31, 45) is no place of its own in the answer',
    ],
    [
      'statements that overlap',
      { statements: [...answer.statements, { start: 39, end: 44, citations: [] }] },
      'statement 3: [39, 44) is no place of its own in the answer',
    ],
  ]
  it.each(faults)('names %s that differs', async (_name, changes, fault) => {
    expect(await compare(changes)).toContain(fault)
  })

  it('says of each text that is missing that it is', async () => {
    expect(await compare({}, null)).toEqual(
      ['citation 1', 'citation 2', 'passage 1'].map((name) => `${name}: there is no ${where}`),
    )
  })

  it('finds any one character that was changed, where it was changed, and never half of one', async () => {
    const other = fc.constantFrom('x', '🚧', 'ö')
    await fc.assert(
      fc.asyncProperty(fc.nat(passage.text.length - 1), other, async (at, character) => {
        // The light is two code units that only change together.
        const index = /[\ude00-\udfff]/.test(passage.text.charAt(at)) ? at - 1 : at
        const old = String.fromCodePoint(passage.text.codePointAt(index)!)
        fc.pre(old !== character)
        const changed = passage.text.slice(0, index) + character + passage.text.slice(index + old.length)
        const [fault] = await compare({ passages: [{ ...passage, text: changed }] })
        const start = passage.span.start + index
        expect(fault).toContain(`at character ${start} (byte ${Buffer.byteLength(text.slice(0, start))})`)
      }),
    )
  })
})
