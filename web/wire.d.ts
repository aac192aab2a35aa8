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

export type Place = { n: number; document: DocumentRef; headings: string[]; page: number | null; span: Span }
export type Passage = Place & { text: string }
export type Citation = Place & { passage: number; quote: string; link: string }

export type Rating = 'up' | 'down'
export type Feedback = { rating: Rating; reason: string | null; comment: string | null }

export type Gap = {
  count: number
  questions: string[]
  last_asked_at: string
  refused: number
  disliked: number
  nearest: { id: string; title: string; source: string } | null
}

export type Answer = {
  id: string
  conversation_id: string
  question: string
  query: string
  status: 'answered' | 'abstained' | 'stopped'
  reason: string | null
  mode: 'generative' | 'extractive'
  fallback: string | null
  words_only?: true
  answer: string
  statements: Statement[]
  citations: Citation[]
  passages: Passage[]
  nearest: Passage[]
  missing?: string[]
  models: { generator: string | null; embedder: string }
  prompts: Record<string, string> | null
  cached: boolean
  usage: { input_tokens: number; output_tokens: number; cost_usd: number }
  timings_ms: { retrieve: number; first_text: number; total: number }
  feedback?: Feedback | null
}

export type Started = { type: 'started'; id: string; conversation_id: string; mode?: Answer['mode'] }
export type Growth =
  | Started
  | { type: 'passages'; passages: Passage[] }
  | { type: 'text'; delta: string }
  | { type: 'citation'; citation: Citation }
  | ({ type: 'verdict' } & Statement)
export type Ending = { type: 'done' | 'abstained' | 'stopped'; answer: Answer }
export type Failure = { type: 'error'; code: string; retryable: boolean; retry_after_ms?: number }
export type AnswerEvent = Growth | Ending | Failure

/** An exchange as its conversation lists it; `answer` is null while it is under way, and when it ended in a fault. */
export type Exchange = {
  id: string
  question: string
  status: 'answered' | 'abstained' | 'stopped' | 'running' | 'failed'
  asked_at: string
  answer: Answer | null
}
export type ConversationRef = { id: string; title: string; questions: number; asked_at: string }
export type Conversation = { id: string; title: string; answers: Exchange[]; earlier: string | null }
export type Suggestion = { question: string; document: { id: string; title: string } }

export type Sync = {
  id: string
  trigger: string
  state: string
  total: number
  done: number
  report: { learned: number; changed: number; removed: number; failed: number; chunks: number }
  began_at: string
  ended_at: string | null
}
export type Library = {
  library: string
  documents: number
  chunks: number
  /** the name of the model that writes; null: answers are extracts */
  model: string | null
  uploads: boolean
  last_sync: Sync | null
  running: string | null
  failures: { source: string; code: string; message: string }[]
}
export type DocumentSummary = DocumentRef & {
  authors: string[]
  audience: string[]
  chunks: number
  characters: number
  ingested_at: string
}

/** What to follow: a question to ask, or an answer that is already under way or stored. */
export type Asked = {
  question: string
  conversationId: string | null
  answerId: string | null
  mode: 'auto' | 'extractive'
  /** the exchanges before it, where the server has none of this reader */
  history: { question: string; answer: string }[] | null
}

/** What is known of an answer so far: all that is needed to draw it. */
export type Draft = {
  text: string
  statements: Statement[]
  citations: Map<number, Citation>
  passages: Passage[]
  ended: boolean
  /** of extracts, whose words are no markup */
  isPlain: boolean
}

/** A block of text. `rows` are the cells of a table, `depths` how far each entry of a list is indented, `numbers` what it is numbered with. */
export type Block = {
  tag: 'p' | 'h3' | 'blockquote' | 'ul' | 'ol' | 'pre' | 'table'
  spans: Span[]
  depths?: number[]
  numbers?: (number | null)[]
  rows?: Span[][]
}
/** Words with one look. */
export type Run = Span & { styles: ('strong' | 'em' | 'code')[] }

export type Leaf = Tree | string
export type Tree = { tag: string; props: Record<string, string | number | undefined>; children: Leaf[] }

/** A problem that a reader is told of. */
export type Fault = { code: string; message: string; retryable: boolean; retryAfterMs: number }

/** What can change; whoever made it hears of it. */
export type Cell<T> = { value: T }

/** One question and its answer on the page. `grown` counts what was added to the draft, which is changed in place. */
export type Turn = {
  key: number
  asked: Asked
  draft: Draft
  grown: Cell<number>
  status: Cell<string>
  answer: Cell<Answer | null>
  /** null while it is under way */
  ending: Cell<'done' | 'abstained' | 'stopped' | 'fault' | null>
  fault: Cell<Fault | null>
  stop: Cell<(() => void) | null>
}

/** What is open beside the answer. */
export type Opened = { turn: Turn; place: Passage | Citation; marker: HTMLElement | null }
