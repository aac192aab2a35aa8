// The shapes on the wire and the types inside say the same. The compiler is the judge: `npm run check` fails otherwise.
import { expect, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import type {
  ConversationPage,
  ConversationSummary,
  ListedConversations,
  RatedAnswer,
} from '../../../core/conversations.ts'
import type { AnswerSummary, DocumentSummary, DocumentText } from '../../../core/ports.ts'
import type { ReembedEvent } from '../../../core/spaces.ts'
import type { AuditEntry, Key } from '../../../core/access.ts'
import type { Sync, SyncOutcome, SyncPlan } from '../../../core/syncs.ts'
import type { IndexReport, StoreStatus } from '../../../core/reports.ts'
import type { Answer, AnswerEvent, Citation, IngestEvent, Passage, Statement } from '../../../core/types.ts'
import type { Suggestion } from '../../../server/answer/suggest.ts'
import type { citationShape } from '../../../server/http/schemas.ts'
import type { indexReportShape, statusShape } from '../../../server/http/shapes-status.ts'
import type { reembedLineShape } from '../../../server/http/shapes-reembed.ts'
import type * as keys from '../../../server/http/shapes-keys.ts'
import type * as syncs from '../../../server/http/shapes-syncs.ts'
import type * as shapes from '../../../server/http/shapes.ts'
import { toWire, type Wire } from '../../../server/http/wire.ts'

type Of<Shape extends z.ZodType> = z.output<Shape>
type EventNamed<Name extends AnswerEvent['type']> = Wire<Omit<Extract<AnswerEvent, { type: Name }>, 'type'>>

it('is the object of core/types.ts, field by field', () => {
  expectTypeOf<Of<typeof citationShape>>().toEqualTypeOf<Wire<Citation>>()
  expectTypeOf<Of<typeof shapes.passageShape>>().toEqualTypeOf<Wire<Passage>>()
  expectTypeOf<Of<typeof shapes.statementShape>>().toEqualTypeOf<Wire<Statement>>()
  expectTypeOf<Of<typeof shapes.answerShape>>().toEqualTypeOf<Wire<Answer>>()
  expectTypeOf<Of<typeof shapes.ratedAnswerShape>>().toEqualTypeOf<Wire<RatedAnswer>>()
  expectTypeOf<Of<typeof shapes.conversationSummaryShape>>().toEqualTypeOf<Wire<ConversationSummary>>()
  expectTypeOf<Of<typeof shapes.conversationsShape>>().toEqualTypeOf<Wire<ListedConversations>>()
  type Found = ConversationPage & { readonly answers: NonNullable<ConversationPage['answers']> }
  expectTypeOf<Of<typeof shapes.conversationShape>>().toEqualTypeOf<Wire<Found>>()
  expectTypeOf<Of<typeof shapes.suggestionsShape>>().toEqualTypeOf<{ suggestions: Wire<Suggestion>[] }>()
  expectTypeOf<Of<typeof shapes.summaryShape>>().toEqualTypeOf<Wire<AnswerSummary>>()
  expectTypeOf<Of<typeof shapes.documentSummaryShape>>().toEqualTypeOf<Wire<DocumentSummary>>()
  expectTypeOf<Of<typeof shapes.documentTextShape>>().toEqualTypeOf<Wire<DocumentText>>()
  expectTypeOf<Of<typeof statusShape>>().toEqualTypeOf<Wire<StoreStatus>>()
  expectTypeOf<Of<typeof syncs.syncShape>>().toEqualTypeOf<Wire<Sync>>()
  expectTypeOf<Of<typeof syncs.syncDetailShape>['outcomes']>().toEqualTypeOf<Wire<SyncOutcome>[]>()
  expectTypeOf<Of<typeof syncs.planShape>>().toEqualTypeOf<Wire<SyncPlan>>()
  expectTypeOf<Of<typeof keys.keyShape>>().toEqualTypeOf<Wire<Key>>()
  expectTypeOf<Of<typeof keys.auditEntryShape>>().toEqualTypeOf<Wire<AuditEntry>>()
  expectTypeOf<Of<typeof indexReportShape>>().toEqualTypeOf<Wire<IndexReport>>()
})

it('is the event of core/types.ts, name by name', () => {
  expectTypeOf<keyof typeof shapes.eventShapes>().toEqualTypeOf<AnswerEvent['type']>()
  expectTypeOf<Of<typeof shapes.eventShapes.started>>().toEqualTypeOf<EventNamed<'started'>>()
  expectTypeOf<Of<typeof shapes.eventShapes.passages>>().toEqualTypeOf<EventNamed<'passages'>>()
  expectTypeOf<Of<typeof shapes.eventShapes.text>>().toEqualTypeOf<EventNamed<'text'>>()
  expectTypeOf<Of<typeof shapes.eventShapes.citation>>().toEqualTypeOf<EventNamed<'citation'>>()
  expectTypeOf<Of<typeof shapes.eventShapes.verdict>>().toEqualTypeOf<EventNamed<'verdict'>>()
  expectTypeOf<Of<typeof shapes.eventShapes.done>>().toEqualTypeOf<{ answer: Wire<Answer> }>()
  expectTypeOf<Of<typeof shapes.eventShapes.error>>().toEqualTypeOf<EventNamed<'error'>>()
  expectTypeOf<Exclude<Of<typeof syncs.ingestLineShape>, { type: 'error' }>>().toEqualTypeOf<Wire<IngestEvent>>()
  expectTypeOf<Exclude<Of<typeof reembedLineShape>, { type: 'error' }>>().toEqualTypeOf<Wire<ReembedEvent>>()
})

it('has the keys that the wire has', () => {
  const wire = toWire({ retryAfterMs: 1, usage: [{ inputTokens: 2 }] })
  expectTypeOf(wire).toEqualTypeOf<{ retry_after_ms: number; usage: { input_tokens: number }[] }>()
  expect(wire).toEqual({ retry_after_ms: 1, usage: [{ input_tokens: 2 }] })
})
