// One answer, twice: as it was streamed, and as it is at the end.
import { describe, expect, it } from 'vitest'
import { newDraft } from '../../../server/answer/draft.ts'
import { passageOf, questionOf } from '../../support/passages.ts'

const passage = passageOf('Redis counts. Lua updates.', { n: 2, offset: 40, headings: ['Stores'] })
const models = { generator: { model: 'gpt' }, embedder: { space: 'fake' } }

function begin(mode: 'generative' | 'extractive' = 'generative') {
  return newDraft(questionOf('How?'), mode, models)
}

describe('a draft', () => {
  it('gathers what was said', () => {
    const draft = begin()
    expect([draft.text('One '), draft.text('two.')].map((event) => event.type)).toEqual(['text', 'text'])
    expect([draft.length(), draft.slice(4)]).toEqual([8, 'two.'])
    expect(draft.finish('answered')).toMatchObject({
      status: 'answered',
      answer: 'One two.',
      id: 'ans_1',
      question: 'How?',
    })
  })

  it('cites the exact words, and numbers the same words once', () => {
    const draft = begin()
    const first = draft.cite(passage, { start: 40, end: 53 })
    const second = draft.cite(passage, { start: 54, end: 66 })
    expect([first.isNew, second.isNew]).toEqual([true, true])
    expect(first.citation).toMatchObject({
      n: 1,
      passage: 2,
      quote: 'Redis counts.',
      headings: ['Stores'],
      link: '/documents/doc_d2?revision=rev_d2#40-53',
    })
    expect(draft.cite(passage, { start: 40, end: 53 })).toEqual({ citation: first.citation, isNew: false })
    const elsewhere = { ...passage, document: { ...passage.document, revision: 'rev_old' } }
    expect(draft.cite(elsewhere, { start: 40, end: 53 }).citation.n).toBe(3)
  })

  it.each([
    [39, 53],
    [40, 67],
    [50, 50],
    [53, 40],
  ])('refuses to cite [%i, %i), which is outside of the passage or empty', (start, end) => {
    expect(() => begin().cite(passage, { start, end })).toThrow(/outside of its passage/)
  })

  it('names the model only when a model was to answer', () => {
    expect(begin('generative').finish('answered').models).toEqual({ generator: 'gpt', embedder: 'fake' })
    expect(begin('extractive').finish('answered').models).toEqual({ generator: null, embedder: 'fake' })
  })

  it('that is refused shows five passages at most, and nothing of what was written', () => {
    const draft = begin()
    draft.retrieved('query', [passage], { pages: new Map() })
    draft.text('Half')
    draft.state({ start: 0, end: 4 }, 'unsupported', [])
    const answer = draft.refuse(
      'nothing-relevant',
      Array.from({ length: 7 }, () => passage),
      ['radar'],
    )
    expect(answer).toMatchObject({
      status: 'abstained',
      reason: 'nothing-relevant',
      missing: ['radar'],
      answer: '',
      statements: [],
      passages: [],
      query: 'query',
    })
    expect(answer.nearest).toHaveLength(5)
  })

  it('goes back to a mark: neither text nor citations since stay, and numbers go on from there', () => {
    const draft = begin()
    draft.text('One')
    draft.cite(passage, { start: 40, end: 53 })
    const restore = draft.mark()
    draft.text(' two')
    draft.cite(passage, { start: 54, end: 66 })
    restore()
    expect(draft.now().answer).toBe('One')
    expect(draft.now().citations.map(({ n }) => n)).toEqual([1])
    expect(draft.cite(passage, { start: 54, end: 58 }).citation.n).toBe(2)
  })

  it('measures in order', () => {
    const draft = begin()
    draft.retrieved('query', [], { pages: new Map() })
    draft.text('One')
    draft.shown()
    const { retrieve, firstText, total } = draft.finish('answered').timingsMs
    expect(retrieve).toBeGreaterThanOrEqual(0)
    expect(firstText).toBeGreaterThanOrEqual(retrieve)
    expect(total).toBeGreaterThanOrEqual(firstText)
  })
})
