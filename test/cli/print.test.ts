import { describe, expect, it } from 'vitest'
import { describeProblem, footnotes, passageLines, refusal, type WireAnswer } from '../../cli/print.ts'
import { InputError } from '../../core/errors.ts'

const document = { id: 'doc_1', title: 'Limits', source: 'library/limits.md', url: null, revision: 'r1' }
const citation = (n: number) => ({
  n,
  document,
  headings: ['Limits', 'Four'],
  page: null,
  quote: `Quote ${n}.`,
  link: `/documents/doc_1#${n}`,
})
const passage = {
  n: 1,
  document,
  headings: ['Limits'],
  page: null,
  span: { start: 3, end: 9 },
  text: 'Some\nwords.',
  score: 1,
}
const answer: WireAnswer = {
  status: 'answered',
  question: 'How?',
  reason: null,
  fallback: null,
  citations: [citation(1)],
  statements: [{ verdict: 'verbatim' }],
  nearest: [],
  missing: [],
}
const sheet = { width: 80, url: null }

describe('footnotes', () => {
  it('name title › heading, the quote and the source', () => {
    expect(footnotes(answer, sheet)).toBe('\n[1] Limits › Four\n    “Quote 1.”\n    library/limits.md\n')
  })

  it('link to the running server, or to where the document comes from', () => {
    expect(footnotes(answer, { ...sheet, url: 'http://localhost:3000' })).toContain(
      'http://localhost:3000/documents/doc_1#1',
    )
    const published = { ...citation(1), document: { ...document, url: 'https://example.com/x' } }
    expect(footnotes({ ...answer, citations: [published] }, sheet)).toContain('    https://example.com/x\n')
  })

  it('stand in one column, also from ten on', () => {
    const citations = Array.from({ length: 10 }, (_, index) => citation(index + 1))
    const lines = footnotes({ ...answer, citations }, sheet).split('\n')
    expect(lines).toContain(' [9] Limits › Four')
    expect(lines).toContain('[10] Limits › Four')
    expect(lines.filter((line) => line.includes('“')).every((line) => line.startsWith('     “'))).toBe(true)
  })

  it('show a long quote in part, on lines under each other', () => {
    const quote = `${'many words '.repeat(60)}end`
    const text = footnotes({ ...answer, citations: [{ ...citation(1), quote }] }, { ...sheet, width: 60 })
    expect(text).toContain(' …”')
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  it('end with what must be known about the answer', () => {
    const cut = { ...answer, status: 'stopped' as const, statements: [{ verdict: 'partial' }, { verdict: 'verbatim' }] }
    expect(footnotes(cut, sheet)).toContain('Stopped before its end.')
    expect(footnotes(cut, sheet)).toContain('1 of 2 sentences are not fully backed')
    expect(footnotes({ ...answer, fallback: 'model-unavailable' }, sheet)).toContain('The model did not answer')
    expect(footnotes({ ...answer, fallback: 'something-new' }, sheet)).toContain('something-new')
    expect(footnotes({ ...answer, missing: ['why is it so'] }, sheet)).toContain('Nothing is said of: why is it so.')
  })

  it('show no colours where nobody looks', () => {
    expect(footnotes(answer, sheet)).not.toContain('\u001b')
  })

  it('of a hostile document cannot steer the terminal', () => {
    const hostile = {
      ...citation(1),
      quote: 'a\u001b[2Jb',
      headings: ['\u001b]0;x\u0007'],
      document: { ...document, source: 'x\u001b[31m' },
    }
    expect(footnotes({ ...answer, citations: [hostile] }, sheet)).not.toContain('\u001b')
  })
})

describe('a refusal', () => {
  it('says why and shows the nearest passages', () => {
    const text = refusal({ ...answer, status: 'abstained', reason: 'nothing-relevant', nearest: [passage] }, sheet)
    expect(text).toBe(
      'The library does not hold an answer to this.\n\nNearest passages:\n\n1. Limits\n   Some words.\n   library/limits.md\n',
    )
  })

  it('says what was looked for in vain', () => {
    const text = refusal(
      { ...answer, status: 'abstained', reason: 'partly-covered', missing: ['radar', 'fees'] },
      sheet,
    )
    expect(text.replaceAll(/\s+/g, ' ')).toContain('does not answer it. Nothing is said of: radar, fees.')
  })

  it('of words that are all there says that they are not together', () => {
    const text = refusal({ ...answer, status: 'abstained', reason: 'partly-covered' }, sheet)
    expect(text.replaceAll(/\s+/g, ' ')).toContain('What you name is in it, but not together.')
  })

  it('of an empty library says how to fill it', () => {
    expect(refusal({ ...answer, status: 'abstained', reason: 'empty-library' }, sheet)).toContain('npm run ingest')
  })
})

describe('passages', () => {
  it('link to their exact place', () => {
    expect(passageLines([passage], { ...sheet, url: 'http://h' })).toContain('http://h/documents/doc_1?revision=r1#3-9')
  })
})

describe('a problem of the server', () => {
  it('is the caller’s own below 500, with the words of the server', async () => {
    const error = await describeProblem(
      Response.json({ code: 'bad-field', title: 'question: is empty.' }, { status: 422 }),
    )
    expect(error).toBeInstanceOf(InputError)
    expect(error.message).toBe('question: is empty.')
  })

  it('without any words still has a sentence', async () => {
    const error = await describeProblem(new Response('<html>', { status: 502 }))
    expect(error).not.toBeInstanceOf(InputError)
    expect(error.message).toBe('The server answered with status 502.')
  })
})
