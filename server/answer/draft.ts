// An answer being written: every event that adds to it comes from here, so that what was streamed and the answer
// object at the end can never differ.
import { AppError } from '../../core/errors.ts'
import { readerLink } from '../../core/link.ts'
import { type PageStarts, pageAt } from '../../core/pages.ts'
import type {
  AbstentionReason,
  Answer,
  AnswerEvent,
  Citation,
  Fallback,
  Mode,
  Passage,
  Question,
  Span,
  Statement,
  Verdict,
} from '../../core/types.ts'

/** `pages`: of the documents of the passages; `space`: in which vectors were compared, when it is not the expected one. */
type Searched = { readonly pages: PageStarts; readonly space?: string; readonly wordsOnly?: true | undefined }

export type Draft = {
  readonly mode: Mode
  /** the answer as it stands */
  readonly now: () => Answer
  readonly length: () => number
  readonly slice: (start: number) => string
  readonly retrieved: (query: string, passages: readonly Passage[], searched: Searched) => void
  readonly text: (delta: string) => AnswerEvent
  /** Notes that a reader gets text: what is written may be withheld until its verdict is known, or for good. */
  readonly shown: () => void
  /** The citation of these words of a passage, and whether it is new (then its event must be sent). */
  readonly cite: (passage: Passage, span: Span) => { citation: Citation; isNew: boolean }
  readonly state: (span: Span, verdict: Verdict, citations: readonly number[]) => AnswerEvent
  /** A way back to here: text and citations added since go. No verdict may have been given in between. */
  readonly mark: () => () => void
  /** Adds to what the answer has used. */
  readonly spend: (usage: Spent) => void
  /** Notes a prompt that was sent for the answer. */
  readonly prompted: (name: string, hash: string) => void
  /** Notes that the model was not asked: it had said this before. */
  readonly reuse: () => void
  readonly fallBack: (fallback: Fallback, mode: Mode) => void
  readonly finish: (status: Answer['status']) => Answer
  readonly refuse: (reason: AbstentionReason, nearest: readonly Passage[], missing: readonly string[]) => Answer
}

/** What a call to a model leaves on the answer that it is made for. */
export type Receipt = Pick<Draft, 'spend' | 'prompted'>

type Spent = { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd?: number }

type Models = { readonly generator: { readonly model: string } | null; readonly embedder: { readonly space: string } }

export function newDraft(question: Question, mode: Mode, models: Models): Draft {
  const began = performance.now()
  const since = () => Math.round((performance.now() - began) * 10) / 10
  const citations: Citation[] = []
  const statements: Statement[] = []
  let pages: PageStarts = new Map()
  let answer: Answer = { ...blank(question, mode, models), statements, citations }
  const change = (part: Partial<Answer>) => {
    answer = { ...answer, ...part }
  }
  const time = (part: Partial<Answer['timingsMs']>) => ({ timingsMs: { ...answer.timingsMs, ...part } })
  const finish = (status: Answer['status']) => {
    change({ status, ...time({ total: since() }) })
    return answer
  }
  return {
    mode,
    now: () => answer,
    length: () => answer.answer.length,
    slice: (start) => answer.answer.slice(start),
    retrieved: (query, passages, searched) => {
      pages = searched.pages
      const models = { ...answer.models, embedder: searched.space ?? answer.models.embedder }
      change({ query, passages, models, ...flagsOf(searched), ...time({ retrieve: since() }) })
    },
    text: (delta) => {
      change({ answer: answer.answer + delta })
      return { type: 'text', delta }
    },
    shown: () => {
      if (answer.timingsMs.firstText === 0) change(time({ firstText: since() }))
    },
    cite: (passage, span) => addCitation(citations, passage, span, pages),
    state: (span, verdict, numbers) => addStatement(statements, { ...span, verdict, citations: numbers }),
    mark: () => {
      const [text, count] = [answer.answer, citations.length]
      return () => (change({ answer: text }), void (citations.length = count))
    },
    spend: (usage) => change({ usage: sum(answer.usage, usage) }),
    prompted: (name, hash) => change({ prompts: { ...answer.prompts, [name]: hash } }),
    reuse: () => change({ cached: true }),
    fallBack: (fallback, toMode) => change({ fallback, mode: toMode }),
    finish,
    refuse: (reason, nearest, missing) => {
      for (const list of [citations, statements]) list.length = 0
      change({ reason, missing, answer: '', passages: [], nearest: nearest.slice(0, 5) })
      return finish('abstained')
    },
  }
}

function flagsOf({ wordsOnly }: Searched): Pick<Answer, 'wordsOnly'> {
  return wordsOnly ? { wordsOnly } : {}
}

function blank(question: Question, mode: Mode, models: Models): Answer {
  return {
    id: question.id,
    conversationId: question.conversationId,
    question: question.text,
    query: question.text,
    status: 'answered',
    reason: null,
    mode,
    fallback: null,
    answer: '',
    statements: [],
    citations: [],
    passages: [],
    nearest: [],
    missing: [],
    models: {
      generator: mode === 'generative' ? (models.generator?.model ?? null) : null,
      embedder: models.embedder.space,
    },
    prompts: null,
    cached: false,
    usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    timingsMs: { retrieve: 0, firstText: 0, total: 0 },
  }
}

function sum(usage: Answer['usage'], { inputTokens, outputTokens, costUsd = 0 }: Spent): Answer['usage'] {
  return {
    inputTokens: usage.inputTokens + inputTokens,
    outputTokens: usage.outputTokens + outputTokens,
    // To a billionth: what comes after it is an error of adding.
    costUsd: Math.round((usage.costUsd + costUsd) * 1e9) / 1e9,
  }
}

function addStatement(statements: Statement[], statement: Statement): AnswerEvent {
  statements.push(statement)
  return { type: 'verdict', ...statement }
}

function addCitation(
  citations: Citation[],
  passage: Passage,
  span: Span,
  pages: PageStarts,
): { citation: Citation; isNew: boolean } {
  const { document } = passage
  const known = citations.find(
    (each) =>
      each.document.id === document.id &&
      each.document.revision === document.revision &&
      each.span.start === span.start &&
      each.span.end === span.end,
  )
  if (known) return { citation: known, isNew: false }
  const citation: Citation = {
    n: citations.length + 1,
    passage: passage.n,
    document,
    headings: passage.headings,
    page: pageAt(pages.get(document.id) ?? [], span.start),
    span,
    quote: quoteOf(passage, span),
    link: readerLink({ document, span }),
  }
  citations.push(citation)
  return { citation, isNew: true }
}

/** The words at `span`, cut from the stored text of which the passage is a slice. A citation outside of its passage is a bug. */
function quoteOf(passage: Passage, span: Span): string {
  const { start, end } = passage.span
  if (span.start < start || span.end > end || span.end <= span.start)
    throw new AppError('bad-citation', `A citation [${span.start}, ${span.end}) lies outside of its passage.`)
  return passage.text.slice(span.start - start, span.end - start)
}
