// The JSON that the server sends, as the page reads it (docs/design.md §4). Types only: never served.

export type Span = { start: number; end: number }
export type Verdict = 'verbatim' | 'supported' | 'partial' | 'unsupported' | 'unchecked'
export type Statement = Span & { verdict: Verdict; citations: number[] }

export type DocumentRef = {
  id: string
  title: string
  source: string
  url: string | null
  revision: string
  published_at: string | null
}

export type Place = { n: number; document: DocumentRef; headings: string[]; span: Span }
export type Passage = Place & { text: string }
export type Citation = Place & { passage: number; quote: string; link: string }

export type Answer = {
  id: string
  conversation_id: string
  question: string
  status: 'answered' | 'abstained' | 'stopped'
  reason: string | null
  mode: 'generative' | 'extractive'
  fallback: string | null
  answer: string
  statements: Statement[]
  citations: Citation[]
  passages: Passage[]
  nearest: Passage[]
  missing?: string[]
  models: { generator: string | null }
  timings_ms: { total: number }
}

export type Started = { type: 'started'; id: string; conversation_id: string }
export type Growth =
  | Started
  | { type: 'passages'; passages: Passage[] }
  | { type: 'text'; delta: string }
  | { type: 'citation'; citation: Citation }
  | ({ type: 'verdict' } & Statement)
export type Ending = { type: 'done' | 'abstained' | 'stopped'; answer: Answer }
export type Failure = { type: 'error'; code: string; retryable: boolean; retry_after_ms?: number }
export type AnswerEvent = Growth | Ending | Failure

/** One SSE frame: `text` is its data lines. */
export type Frame = { event: string; id: string; text: string }

/** What to follow: a question to ask, or an answer that is already under way or stored. */
export type Asked = { question: string; conversationId: string | null; answerId: string | null }

/** What is known of an answer so far: all that the page needs to draw it. */
export type Draft = {
  text: string
  statements: Statement[]
  citations: Map<number, Citation>
  passages: Passage[]
  ended: boolean
}

/** A paragraph (one span) or a list (a span per entry; `first` is the number it begins with). */
export type Block = { tag: 'p' | 'ul' | 'ol'; first: string; spans: Span[] }

/** What a turn asks of the page around it. */
export type TurnDeps = {
  open(this: void, citation: Citation, passages: Passage[], marker: HTMLElement): void
  say(this: void, words: string): void
  retry(this: void): void
  edit(this: void): void
}
