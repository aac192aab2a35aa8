// The tree of elements that an answer is drawn from.
import { describe, expect, it } from 'vitest'
import { answerTree } from '../../web/answer.js'
import type { Citation, Draft, Leaf } from '../../web/wire.d.ts'

const document = { id: 'doc', title: 'T', source: 's', url: null, revision: 'r', published_at: null }
const citation = (n: number): Citation => ({
  n,
  passage: 1,
  document,
  headings: [],
  page: null,
  span: { start: 0, end: 1 },
  quote: 'q',
  link: '',
})

function draw(text: string, fields: Partial<Draft> = {}): string {
  const citations = new Map([1, 2].map((n) => [n, citation(n)]))
  return answerTree({ text, statements: [], citations, passages: [], ended: true, isPlain: false, ...fields }, null)
    .map(shown)
    .join('')
}

const shown = (leaf: Leaf): string =>
  typeof leaf === 'string'
    ? leaf
    : leaf.tag === 'sup'
      ? `^${leaf.children.map(shown).join('')}`
      : leaf.children.map(shown).join('')

describe('an answer as it is drawn', () => {
  it.each([
    ['A bucket is refilled [1].', 'A bucket is refilled.^1'],
    ['Refilled [1][2], then emptied [2]: always.', 'Refilled,^1^2 then emptied:^2 always.'],
    ['Refilled. [1] Emptied [9].', 'Refilled.^1 Emptied [9].'],
  ])('has its stops with the words, and not behind the footnotes: %s', (text, expected) => {
    expect(draw(text)).toBe(expected)
  })

  it('leaves code as it is, and marks doubts in it', () => {
    const statements = [{ start: 4, end: 12, verdict: 'unsupported' as const, citations: [] }]
    expect(draw('```\nGET [1]x\n```', { statements })).toBe('GET [1]xunsupported')
  })

  it('waits for the second half of what may be a marker, an emphasis or a number of a list', () => {
    for (const half of ['Words [', 'Words [1', 'Words *', 'Words **', 'Words `', 'Words\n- ', 'Words\n1.'])
      expect(draw(half, { ended: false })).toBe('Words')
  })
})
