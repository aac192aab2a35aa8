// The answer of a model: its text streams as it comes, its markers become citations of exact words, each sentence
// gets a verdict. When the model fails before its first text, the answer falls back to extracts, flagged.
import { ModelError } from '../../core/errors.ts'
import type { Generator, GeneratorEvent } from '../../core/ports.ts'
import type { AbstentionReason, AnswerEvent, Passage, Question } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import { createMarkerReader, type MarkerReader, type MarkerToken } from './cite.ts'
import { compose, halve, pack } from './compose.ts'
import type { Draft } from './draft.ts'
import { extract } from './extract.ts'
import { inertly } from './inert.ts'
import { openSource } from './replies.ts'
import { wasSent } from './reply.ts'
import type { Found } from './retrieve.ts'
import { createStatementWriter } from './statements.ts'
import { createVerdicts, markingOnly, type Policy, type Verdicts } from './verdicts.ts'

// Ten pages: no answer that somebody would read.
const LONGEST_ANSWER = 20_000

type Outcome = 'answered' | AbstentionReason

type Told = 'answered' | 'model-declined' | 'nothing-supported'
/** What came of asking the model once: the three that are not told said nothing. */
type Said = Told | 'model-unavailable' | 'budget-spent' | 'too-long'

export async function* generate(
  draft: Draft,
  question: Question,
  found: Found,
  passages: readonly Passage[],
  deps: AnswerDeps & { readonly generator: Generator },
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, Outcome> {
  const read = pack(passages)
  let said = yield* ask(draft, question, read, deps, signal)
  // Asked again once, and with the same part every time.
  if (said === 'too-long') said = yield* ask(draft, { ...question, history: [] }, halve(read), deps, signal)
  if (said !== 'model-unavailable' && said !== 'budget-spent' && said !== 'too-long') return said
  draft.fallBack(said === 'budget-spent' ? said : 'model-unavailable', 'extractive')
  return yield* extract(draft, found, passages, deps, signal)
}

type Asking = [
  question: Question,
  read: readonly Passage[],
  deps: AnswerDeps & { readonly generator: Generator },
  signal: AbortSignal,
]

async function* ask(draft: Draft, ...[question, read, deps, signal]: Asking): AsyncGenerator<AnswerEvent, Said> {
  const enough = new AbortController()
  const source = await begin(draft, question, read, deps, AbortSignal.any([signal, enough.signal]))
  const reply = createReply()
  const reader = inertly(createMarkerReader(read.length))
  const writer = createStatementWriter(draft, read, deps.steps.ground)
  const verdicts = createVerdicts(draft, policyOf(question, deps), deps.report, signal)
  try {
    for await (const event of upTo(LONGEST_ANSWER, source.events, enough)) {
      if (event.type !== 'text') noteEnd(draft, event)
      signal.throwIfAborted()
      if (event.type === 'text') yield* verdicts.pass(write(reader.push(reply.push(event.delta)), writer))
    }
    source.noteSent(null)
    yield* verdicts.pass(write([...reader.push(reply.end()), ...reader.end()], writer))
    yield* closed(writer, verdicts)
  } catch (error) {
    source.noteSent(error)
    // A provider's client may report being cancelled as a failure: nothing failed.
    const hasFailed = !signal.aborted && error instanceof ModelError
    if (hasFailed) deps.report('the model failed', error)
    // Words already shown cannot be taken back: they stay, closed and judged like any others.
    // What the reader still holds is half a marker at most, and half a marker is nothing to read.
    if (draft.length() > 0 && (signal.aborted || hasFailed)) yield* closed(writer, verdicts)
    if (!hasFailed) throw error
    return failedWith(error, draft)
  }
  reportUnknown(reader, deps)
  const outcome = outcomeOf(draft, reply, verdicts.withheld())
  // Only what became a whole answer is worth being said again.
  if (outcome === 'answered' && draft.now().fallback === null) source.keep()
  // An empty reply is a failure of the model, not an answer.
  return outcome ?? 'model-unavailable'
}

async function begin(draft: Draft, ...[question, read, deps, signal]: Asking) {
  const { messages, hash } = await compose(question, read)
  const source = await openSource(messages, question, deps, signal)
  if (source.isKept) draft.reuse()
  /** `failure`: what the call ended with. */
  const noteSent = (failure: unknown) => void (wasSent(failure) && draft.prompted('answer', hash))
  return { ...source, noteSent }
}

function policyOf({ withholds }: Question, { policy = markingOnly }: AnswerDeps): Policy {
  return withholds ? { ...policy, withholds } : policy
}

function failedWith({ code }: ModelError, draft: Draft): Said {
  if (draft.length() > 0) {
    draft.fallBack('model-cut-off', 'generative')
    return 'answered'
  }
  if (code === 'model-budget-spent') return 'budget-spent'
  return code === 'model-context-too-long' ? 'too-long' : 'model-unavailable'
}

function reportUnknown(reader: MarkerReader, deps: AnswerDeps): void {
  const unknown = reader.unknown()
  const passages = unknown === 1 ? '1 passage that there is not' : `${unknown} passages that there are not`
  if (unknown > 0) deps.report(`the model cited ${passages}`, null)
}

/** Null: the model has said nothing at all. */
function outcomeOf(draft: Draft, reply: Reply, withheld: number): Told | null {
  const { answer, fallback, statements } = draft.now()
  if (reply.declined()) return 'model-declined'
  // A reply that was cut short is a fault, and a fault is never told as "the library does not say".
  const isWhole = fallback === null
  if (answer === '' && (withheld === 0 || !isWhole)) return null
  return isWhole && statements.every(({ verdict }) => verdict === 'unsupported') ? 'nothing-supported' : 'answered'
}

// What may still come of a call that has been cancelled before its model counts as one that does not listen.
const EVENTS_AFTER = 50

/** A model that repeats itself without end is cancelled after so many characters, and its answer counts as cut off. */
async function* upTo(
  length: number,
  events: AsyncIterable<GeneratorEvent>,
  enough: AbortController,
): AsyncGenerator<GeneratorEvent> {
  try {
    yield* cutTo(length, events, enough)
  } catch (error) {
    if (!enough.signal.aborted) throw error
  }
  if (enough.signal.aborted) yield { type: 'finish', reason: 'length', inputTokens: 0, outputTokens: 0 }
}

async function* cutTo(length: number, events: AsyncIterable<GeneratorEvent>, enough: AbortController) {
  let left = length
  let after = 0
  for await (const event of events) {
    if (event.type !== 'text' || event.delta.length <= left) {
      if (event.type === 'text') left -= event.delta.length
      yield event
      continue
    }
    if (left > 0) yield { ...event, delta: event.delta.slice(0, left).replace(/[\ud800-\udbff]$/, '') }
    left = 0
    // Cancelled and not just left: a call that is cancelled still tells what it has cost.
    enough.abort(new ModelError('model-cut-off', 'The answer is longer than anybody reads.'))
    if (++after > EVENTS_AFTER) return
  }
}

type Reply = {
  /** The text that is certain after this delta: whole characters that can be stored, nothing of a refusal. */
  readonly push: (delta: string) => string
  readonly end: () => string
  readonly declined: () => boolean
}

// What the prompt tells the model to say when the passages do not answer. It may come in markup and with a reason;
// INSUFFICIENT_FUNDS and INSUFFICIENT FUNDS are things that answers are about.
const DECLINED = 'INSUFFICIENT'
const declines = /^INSUFFICIENT(?![\p{L}\p{N}_-])(?! +\p{Lu}{2})/u
const mayStillGoOn = /^INSUFFICIENT +\p{Lu}?$/u

function createReply(): Reply {
  let half = ''
  let opening = ''
  let state: 'opening' | 'answering' | 'declined' = 'opening'
  const read = (text: string, isLast: boolean): string => {
    if (state === 'answering') return text
    if (state === 'declined') return ''
    opening += text
    const bare = opening.replace(/^[\s*_"'`]+/, '')
    if (!isLast && (DECLINED.startsWith(bare) || mayStillGoOn.test(bare))) return ''
    state = declines.test(bare) ? 'declined' : 'answering'
    return state === 'declined' || bare === '' ? '' : opening
  }
  return {
    push: (delta) => {
      const text = half + delta
      half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? ''
      return read(storable(text.slice(0, text.length - half.length)), false)
    },
    end: () => read(storable(half), true),
    declined: () => state === 'declined',
  }
}

/** As store/database.ts does it, so that what is sent and what is stored are the same. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

function noteEnd(draft: Draft, event: Exclude<GeneratorEvent, { type: 'text' }>): void {
  draft.spend(event)
  if (event.type === 'finish' && event.reason !== 'stop') draft.fallBack('model-cut-off', 'generative')
}

async function* closed(writer: StatementWriter, verdicts: Verdicts): AsyncIterable<AnswerEvent> {
  yield* verdicts.pass(writer.end())
  yield* verdicts.end()
}

type StatementWriter = ReturnType<typeof createStatementWriter>

function* write(tokens: readonly MarkerToken[], writer: StatementWriter) {
  for (const token of tokens) yield* token.type === 'text' ? writer.text(token.text) : writer.markers(token.passages)
}
