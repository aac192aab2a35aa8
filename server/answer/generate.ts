// The answer of a model: its text streams as it comes, its markers become citations of exact words, each sentence
// gets a verdict. When the model fails before its first text, the answer falls back to extracts, flagged.
import { ModelError } from '../../core/errors.ts'
import type { Generator, GeneratorEvent } from '../../core/ports.ts'
import type { AbstentionReason, AnswerEvent, Passage, Question } from '../../core/types.ts'
import type { AnswerDeps } from './answer.ts'
import { createMarkerReader, type MarkerToken } from './cite.ts'
import { compose } from './compose.ts'
import type { Draft } from './draft.ts'
import { extract } from './extract.ts'
import type { Found } from './retrieve.ts'
import { createStatementWriter } from './statements.ts'

type Outcome = 'answered' | AbstentionReason

// What the prompt tells the model to say when the passages do not answer.
const DECLINED = 'INSUFFICIENT'

export async function* generate(
  draft: Draft,
  question: Question,
  found: Found,
  passages: readonly Passage[],
  deps: AnswerDeps & { readonly generator: Generator },
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, Outcome> {
  const reader = createMarkerReader(passages.length)
  const writer = createStatementWriter(draft, passages)
  let held = ''
  try {
    for await (const event of deps.generator.stream(await compose(question, passages), signal)) {
      if (event.type === 'finish') noteFinish(draft, event)
      else if (draft.length() === 0 && DECLINED.startsWith((held + event.delta).trim())) held += event.delta
      else {
        yield* write(reader.push(held + event.delta), writer)
        held = ''
      }
    }
    if (held.trim() === DECLINED) return 'model-declined'
    yield* write([...reader.push(held), ...reader.end()], writer)
    yield* writer.end()
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    deps.report('the model failed', error)
    if (draft.length() > 0) {
      // Words already shown cannot be taken back: they stay, closed and flagged as cut off.
      yield* write(reader.end(), writer)
      yield* writer.end()
      draft.fallBack('model-cut-off', 'generative')
      return 'answered'
    }
    draft.fallBack('model-unavailable', 'extractive')
  }
  if (draft.length() > 0) return 'answered'
  // Nothing was said: an empty reply is a failure of the model, not an answer.
  draft.fallBack('model-unavailable', 'extractive')
  return yield* extract(draft, found, passages, deps, signal)
}

function noteFinish(draft: Draft, event: GeneratorEvent & { type: 'finish' }): void {
  draft.spend(event.inputTokens, event.outputTokens)
  if (event.reason !== 'stop') draft.fallBack('model-cut-off', 'generative')
}

type StatementWriter = ReturnType<typeof createStatementWriter>

function* write(tokens: readonly MarkerToken[], writer: StatementWriter) {
  for (const token of tokens) yield* token.type === 'text' ? writer.text(token.text) : writer.markers(token.passages)
}
