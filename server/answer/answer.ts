// The way of a question: one generator of events that every surface and the eval harness calls.
import { randomUUID } from 'node:crypto'
import { AppError, ModelError } from '../../core/errors.ts'
import type { DocumentStore, Embedder, Generator, ReplyStore, SearchStore, Store } from '../../core/ports.ts'
import { wholeWords } from '../../core/terms.ts'
import type { AnswerEvent, Mode, Question } from '../../core/types.ts'
import { type Draft, newDraft } from './draft.ts'
import { extract } from './extract.ts'
import { generate } from './generate.ts'
import { restate } from './restate.ts'
import { rewrite } from './rewrite.ts'
import { search } from './search.ts'
import { type Steps, shipped } from './steps.ts'
import { cachedTexts, type TextReader } from './texts.ts'
import type { Policy } from './verdicts.ts'
import { cachedWords, type WordReader } from './vocabulary.ts'

export type AnswerDeps = {
  readonly search: SearchStore
  readonly documents: DocumentStore
  readonly texts: TextReader
  readonly words: WordReader
  readonly embedder: Embedder
  /** compares single sentences with the question: the built-in one, which costs nothing per text */
  readonly sentenceEmbedder: Embedder
  /** null: no model is configured, answers are extractive */
  readonly generator: Generator | null
  /** what becomes of a model's sentences; without it they are all shown, with the verdict of their words */
  readonly policy?: Policy
  readonly steps: Steps
  /** what the model said to the same words before; without it the model is asked each time */
  readonly replies?: ReplyStore
  /** `error` is null where nothing failed: such a line is only worth counting. */
  readonly report: (message: string, error: unknown) => void
}

/** What answers from this store. It keeps texts and words in memory: made once, used for every question. */
export function answerDeps(
  { search, documents }: Pick<Store, 'search' | 'documents'>,
  models: Pick<AnswerDeps, 'embedder' | 'sentenceEmbedder' | 'generator' | 'policy' | 'replies'>,
  report: AnswerDeps['report'],
): AnswerDeps {
  const texts = cachedTexts(documents)
  const words = cachedWords(search)
  return { ...models, search, documents, texts, words, steps: shipped, report }
}

// Follow-ups rarely point back further, and the model's budget is for passages.
export const REMEMBERED_TURNS = 5

export function newAnswerId(): string {
  return `ans_${randomUUID().replaceAll('-', '')}`
}

/**
 * Events of one answer, the last of them terminal: `done`, `abstained`, `stopped` (the signal was aborted) or `error`.
 * Never throws.
 */
export async function* answer(question: Question, deps: AnswerDeps, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const mode: Mode = deps.generator && question.mode !== 'extractive' ? 'generative' : 'extractive'
  const draft = newDraft(question, mode, deps)
  yield { type: 'started', id: question.id, conversationId: question.conversationId, mode }
  try {
    const asked = { ...question, text: wholeWords(question.text) }
    for await (const event of answerInto(draft, asked, deps, signal)) {
      if (event.type === 'text') draft.shown()
      yield event
    }
  } catch (error) {
    if (signal.aborted) yield { type: 'stopped', answer: draft.finish('stopped') }
    else yield failure(error, deps)
  }
}

async function* answerInto(
  draft: Draft,
  question: Question,
  deps: AnswerDeps,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const generator = draft.mode === 'generative' ? deps.generator : null
  const query = generator ? await restate(question, { ...deps, generator }, draft, signal) : rewrite(question)
  const { library, audiences } = question
  const { found, passages, pages } = await search(query, library, { ...deps, ...(audiences && { audiences }) }, signal)
  signal.throwIfAborted()
  draft.retrieved(query, passages, { ...found, pages })
  const evidence = deps.steps.weigh(found, passages, question.text)
  if (evidence.type === 'too-weak') {
    yield { type: 'abstained', answer: draft.refuse(evidence.reason, passages, evidence.missing) }
    return
  }

  yield { type: 'passages', passages }
  const answered = { ...found, parts: evidence.parts }
  const written = generator
    ? yield* generate(draft, question, answered, passages, { ...deps, generator }, signal)
    : yield* extract(draft, answered, passages, deps, signal)
  signal.throwIfAborted()
  if (written !== 'answered') yield { type: 'abstained', answer: draft.refuse(written, passages, []) }
  // A model reads all passages and says itself what they lack.
  else if (draft.mode === 'generative') yield { type: 'done', answer: draft.finish('answered') }
  else yield { type: 'done', answer: { ...draft.finish('answered'), missing: evidence.missing } }
}

function failure(error: unknown, deps: AnswerDeps): AnswerEvent {
  deps.report('answer failed', error)
  if (error instanceof ModelError && error.retryAfterMs !== null)
    return { type: 'error', code: error.code, retryable: error.retryable, retryAfterMs: error.retryAfterMs }
  if (error instanceof AppError) return { type: 'error', code: error.code, retryable: error.retryable }
  return { type: 'error', code: 'internal', retryable: false }
}
