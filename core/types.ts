// The nouns of Footnote. Offsets are UTF-16 code units, spans are half-open: [start, end).

export type Span = { readonly start: number; readonly end: number }

/** A heading of a document: `span` is where its title stands in the plain text. */
export type Heading = { readonly level: number; readonly title: string; readonly span: Span }

/**
 * What a parser makes of a source: markup removed, paragraphs kept, one heading entry per title line. `boilerplate`:
 * places of the text that are never evidence (contents pages, ads, "read more"), in order, disjoint, outside of headings.
 */
export type ParsedDocument = {
  readonly title: string
  readonly text: string
  readonly outline: readonly Heading[]
  readonly boilerplate: readonly Span[]
  readonly url: string | null
  readonly publishedAt: string | null
  /** in the order in which it names them; none: it does not say */
  readonly authors: readonly string[]
  /** channels and groups that it is for, as core/audience.ts writes them; none: it is for everyone */
  readonly audience: readonly string[]
  /** where each page begins in the text, for sources that have pages; a page without words begins where the next does */
  readonly pages?: readonly number[]
  /** what of its source was left out, for its owner */
  readonly note?: string
}

/** A stored slice of a document: `text` equals the document's text at `span`, always. */
export type Chunk = {
  readonly ordinal: number
  readonly headings: readonly string[]
  readonly span: Span
  readonly text: string
}

/** One revision of one document, as every surface shows it. */
export type DocumentRef = {
  readonly id: string
  readonly title: string
  readonly source: string
  readonly url: string | null
  readonly revision: string
  readonly publishedAt: string | null
}

/** A chunk found for a query. `words` is its BM25 score, `cosine` its likeness to the query's vector (null: no vector). */
export type Candidate = {
  readonly chunkId: number
  readonly ordinal: number
  readonly document: DocumentRef
  readonly headings: readonly string[]
  readonly span: Span
  readonly text: string
  readonly words: number
  readonly cosine: number | null
}

/** A candidate chosen and numbered: exactly what the model reads and what the reader can open. */
export type Passage = {
  readonly n: number
  readonly document: DocumentRef
  readonly headings: readonly string[]
  /** on which it begins, counted from 1; null: the document has no pages */
  readonly page: number | null
  readonly span: Span
  readonly text: string
  readonly score: number
}

/** A promise: `quote` equals the stored text of `document.revision` at `span`. `passage` is the number of the passage it was cut from. */
export type Citation = {
  readonly n: number
  readonly passage: number
  readonly document: DocumentRef
  readonly headings: readonly string[]
  /** on which the quote begins, as in a passage */
  readonly page: number | null
  readonly span: Span
  readonly quote: string
  readonly link: string
}

export type Verdict = 'verbatim' | 'supported' | 'partial' | 'unsupported' | 'unchecked'

/** A sentence of the answer: `[start, end)` indexes the answer's text, without the sentence's markers. */
export type Statement = Span & { readonly verdict: Verdict; readonly citations: readonly number[] }

export type Mode = 'generative' | 'extractive'
export type AbstentionReason =
  | 'empty-library'
  | 'nothing-relevant'
  | 'partly-covered'
  | 'model-declined'
  | 'nothing-supported'
export type Fallback = 'model-unavailable' | 'model-cut-off' | 'budget-spent'

/** One earlier exchange of a conversation. */
export type Turn = { readonly question: string; readonly answer: string }

export type Question = {
  /** the answer's id, given by whoever asks */
  readonly id: string
  readonly text: string
  readonly library: string
  readonly conversationId: string
  readonly history: readonly Turn[]
  readonly mode: 'auto' | Mode
  /** the model is asked although its reply to the same words is kept */
  readonly fresh?: boolean
  /** whoever asked may come back: it is stopped only when nobody has read it for a while */
  readonly resumable?: boolean
  /** sentences that nothing supports are not shown, whatever is configured: the surface cannot mark them */
  readonly withholds?: boolean
  /** groups and channels that all readers of the answer belong to: what is for others alone is not looked at; missing: all is */
  readonly audiences?: readonly string[]
  /** the reader whose browser asks, as the store knows them; null or missing: a program */
  readonly owner?: string | null
}

export type Usage = { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number }

/** The object every surface carries (its JSON is the same in snake_case). */
export type Answer = {
  readonly id: string
  readonly conversationId: string
  readonly question: string
  readonly query: string
  readonly status: 'answered' | 'abstained' | 'stopped'
  readonly reason: AbstentionReason | null
  readonly mode: Mode
  readonly fallback: Fallback | null
  readonly answer: string
  readonly statements: readonly Statement[]
  readonly citations: readonly Citation[]
  readonly passages: readonly Passage[]
  readonly nearest: readonly Passage[]
  /** in the words of the question; abstained: what stands in nothing that was found; answered: its parts that were not */
  readonly missing: readonly string[]
  readonly models: { readonly generator: string | null; readonly embedder: string }
  /** the embedder did not answer: what was found was found by words alone */
  readonly wordsOnly?: true
  /** name → hash of each prompt that was sent for it; null when none was */
  readonly prompts: Readonly<Record<string, string>> | null
  /** the model's reply was kept from an earlier answer; all that was made of it is new */
  readonly cached: boolean
  readonly usage: Usage
  readonly timingsMs: { readonly retrieve: number; readonly firstText: number; readonly total: number }
}

/** What a reader may say was wrong: each names the part of the pipeline to look at first. */
export const feedbackReasons = [
  'wrong',
  'unsupported',
  'wrong-source',
  'incomplete',
  'should-have-refused',
  'should-have-answered',
  'other',
] as const

export type Rating = 'up' | 'down'

/** What a reader thought of an answer. */
export type Feedback = {
  readonly rating: Rating
  readonly reason: (typeof feedbackReasons)[number] | null
  readonly comment: string | null
}

export type AnswerEvent =
  | { readonly type: 'started'; readonly id: string; readonly conversationId: string; readonly mode: Mode }
  | { readonly type: 'passages'; readonly passages: readonly Passage[] }
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'citation'; readonly citation: Citation }
  | ({ readonly type: 'verdict' } & Statement)
  | { readonly type: 'done' | 'abstained' | 'stopped'; readonly answer: Answer }
  | { readonly type: 'error'; readonly code: string; readonly retryable: boolean; readonly retryAfterMs?: number }

/** An event with its place in the answer's log; `seq` is the SSE `id:`. */
export type StoredEvent = { readonly seq: number; readonly event: AnswerEvent }

/** The last event of an answer: exactly one, always. A stream without one was cut. */
export function isTerminal(event: AnswerEvent): boolean {
  return event.type === 'done' || event.type === 'abstained' || event.type === 'stopped' || event.type === 'error'
}

/** What an ingest made of one source. `embedded` counts the chunks whose vectors were not known yet. */
export type IngestOutcome =
  | {
      readonly type: 'learned' | 'changed'
      readonly source: string
      readonly bytes: number
      readonly chunks: number
      readonly embedded: number
      /** that were embedded, about; 0 for the built-in embedder */
      readonly tokens: number
      /** what its owner should know although it was learned */
      readonly note?: string
    }
  /** an earlier revision is the current one again */
  | {
      readonly type: 'restored'
      readonly source: string
      readonly bytes: number
      readonly chunks: number
      readonly embedded: number
      readonly tokens: number
    }
  | { readonly type: 'unchanged'; readonly source: string; readonly bytes: number }
  | { readonly type: 'removed'; readonly source: string }
  | { readonly type: 'failed'; readonly source: string; readonly code: string; readonly message: string }

export type IngestReport = {
  readonly learned: number
  readonly changed: number
  /** by an undo: put back as they were before */
  readonly restored: number
  readonly removed: number
  /** gone from their folder, and so many that they were not removed */
  readonly kept: number
  readonly unchanged: number
  readonly failed: number
  readonly skipped: number
  readonly chunks: number
  readonly embedded: number
  readonly tokens: number
  /** what embedding cost; null: nobody knows what a token costs */
  readonly usd: number | null
  readonly bytes: number
  readonly ms: number
}

export type IngestEvent =
  /** of a stored sync: the first event */
  | { readonly type: 'began'; readonly sync: string }
  /** Several of them add up. */
  | {
      readonly type: 'found'
      readonly files: number
      /** documents whose files are gone and that will be removed */
      readonly gone: number
      readonly skipped: readonly { readonly source: string; readonly reason: string }[]
    }
  /** of what follows: the source of sources.yaml that is read */
  | { readonly type: 'reading'; readonly name: string; readonly kind: string }
  /** documents of one folder or source that are gone and were not removed */
  | { readonly type: 'kept'; readonly sources: readonly string[]; readonly message: string }
  | IngestOutcome
  | { readonly type: 'finished'; readonly report: IngestReport }
