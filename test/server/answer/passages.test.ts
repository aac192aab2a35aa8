// Candidates become passages: grown to their section, exact slices, none over another.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../../core/types.ts'
import { choosePassages } from '../../../server/answer/passages.ts'
import { cachedTexts } from '../../../server/answer/texts.ts'
import { candidatesOf, documentOf, libraryOf, never } from '../../support/passages.ts'

const limiters = documentOf(
  'limiters',
  `# Four limiters
Stripe runs four limiters:

- one for requests

- one for load

# Two copies
Redis keeps two copies of every count.

They are compared at night.`,
)
const bread = documentOf('bread', 'A loaf needs flour.')

/** Best first, in the order given. */
async function choose(candidates: readonly Candidate[], documents = [limiters, bread], signal = never) {
  const ranked = candidates.map((candidate, index) => ({ candidate, score: 1 - index / 1000 }))
  return await choosePassages(ranked, 'main', { texts: cachedTexts(libraryOf(...documents).documents) }, signal)
}

describe('a passage', () => {
  it('is the whole section that its candidate stands in, without the heading', async () => {
    const [, , load] = candidatesOf(limiters)
    const [passage] = await choose([load!])
    expect(passage?.text).toBe('Stripe runs four limiters:\n\n- one for requests\n\n- one for load')
    expect(passage?.headings).toEqual(['limiters', 'Four limiters'])
  })

  it('ends where boilerplate begins', async () => {
    const sold = documentOf('sold', '# Title\nBefore.\n\n~ Buy our book.\n\nAfter.\n\nAnd more.')
    const passages = await choose(candidatesOf(sold), [sold])
    expect(passages.map(({ text }) => text)).toEqual(['Before.', 'After.\n\nAnd more.'])
  })

  it('is not a copy of a better one, whatever the document it stands in', async () => {
    const text = 'A limiter counts the requests of every user and refuses those above the cap.'
    const copies = ['first', 'second'].map((name) => documentOf(name, text))
    const passages = await choose(
      [...copies, bread].flatMap((each) => candidatesOf(each)),
      [...copies, bread],
    )
    expect(passages.map(({ document }) => document.title)).toEqual(['first', 'bread'])
  })

  it('stands for every candidate of its section', async () => {
    const passages = await choose([...candidatesOf(limiters), ...candidatesOf(bread)])
    expect(passages.map(({ n, text }) => [n, text.slice(0, 10)])).toEqual([
      [1, 'Stripe run'],
      [2, 'Redis keep'],
      [3, 'A loaf nee'],
    ])
  })

  it('of a long section is what fits around its candidate, in whole paragraphs', async () => {
    const paragraphs = Array.from({ length: 40 }, (_, at) => `Paragraph ${at} ${'goes on '.repeat(20)}and ends.`)
    const long = documentOf('long', `# Long\n${paragraphs.join('\n\n')}`)
    const all = candidatesOf(long)
    for (const at of [0, 1, 20, 39]) {
      const [passage] = await choose([all[at]!], [long])
      expect(passage!.text.length).toBeLessThanOrEqual(2_400)
      expect(passage!.text).toContain(all[at]!.text)
      expect(passage!.text).toMatch(/^Paragraph [\s\S]* and ends\.$/)
    }
  })

  it('is made also in a document of more headings than a call can have arguments', async () => {
    const span = { start: 0, end: 0 }
    const outline = Array.from({ length: 200_000 }, () => ({ level: 2, title: '', span }))
    const [first] = candidatesOf(bread)
    expect(await choose([first!], [{ ...bread, outline }])).toMatchObject([{ text: bread.text }])
  })

  it('is never one of more than eight', async () => {
    const many = Array.from({ length: 12 }, (_, at) => documentOf(`d${at}`, `Text number ${at}.`))
    const passages = await choose(
      many.flatMap((each) => candidatesOf(each)),
      many,
    )
    expect(passages.map(({ n, document }) => [n, document.title])).toEqual(
      Array.from({ length: 8 }, (_, at) => [at + 1, `d${at}`]),
    )
  })

  it('is not made of a stored text that differs from the chunk: that is a fault of the store', async () => {
    const [first] = candidatesOf(limiters)
    await expect(choose([{ ...first!, text: 'Something else' }])).rejects.toMatchObject({ name: 'StoreError' })
  })

  it('is not made of a revision that is not stored: that is a fault of the store', async () => {
    const [first] = candidatesOf(documentOf('gone', 'Gone.'))
    await expect(choose([first!])).rejects.toMatchObject({ name: 'StoreError' })
  })

  it('is not read for a reader who has left', async () => {
    await expect(choose(candidatesOf(bread), [bread], AbortSignal.abort())).rejects.toThrow(/abort/i)
  })
})

describe('the passages of any document', () => {
  const line = fc.constantFrom(
    '# Title',
    '~ Buy!',
    '',
    '',
    'Short.',
    'word '.repeat(90).trim(),
    'long '.repeat(300).trim(),
    '- entry 🚦',
    '  indented  ',
  )
  const marked = fc
    .array(line, { minLength: 1, maxLength: 30 })
    .map((lines) => `Begin.\n\n${lines.join('\n')}\n\nThe end.`)

  it('hold the candidates, are exact and trimmed slices, do not overlap, and are in order of rank', async () => {
    await fc.assert(
      fc.asyncProperty(marked, fc.infiniteStream(fc.nat()), async (text, order) => {
        const document = documentOf('any', text)
        const ranked = candidatesOf(document)
          .map((candidate) => ({ candidate, key: order.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ candidate }) => candidate)
        const passages = await choose(ranked, [document])
        expect(passages.map(({ n }) => n)).toEqual(passages.map((_, index) => index + 1))
        const scores = passages.map(({ score }) => score)
        expect(scores).toEqual(scores.toSorted((a, b) => b - a))
        for (const { span, text } of passages) {
          expect(document.text.slice(span.start, span.end)).toBe(text)
          expect(text.trim()).toBe(text)
          expect(text).not.toBe('')
        }
        const sorted = passages.map(({ span }) => span).toSorted((a, b) => a.start - b.start)
        for (const [index, span] of sorted.entries())
          expect(span.start).toBeGreaterThanOrEqual(sorted[index - 1]?.end ?? 0)
        const best = ranked[0]
        if (best) {
          expect(passages[0]!.span.start).toBeLessThanOrEqual(best.span.start)
          expect(passages[0]!.span.end).toBeGreaterThanOrEqual(best.span.end)
        }
      }),
      { numRuns: 200 },
    )
  })
})
