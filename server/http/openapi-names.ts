// The names that the shapes have in the document, and in the types that others make of it.
import type { z } from 'zod'
import { chatBody } from './chat-request.ts'
import { keyBody, sessionBody } from './schemas-keys.ts'
import {
  askBody,
  citationShape,
  conversationBody,
  feedbackBody,
  ingestBody,
  planBody,
  searchBody,
  uploadBody,
} from './schemas.ts'
import * as chat from './shapes-chat.ts'
import * as reembed from './shapes-reembed.ts'
import * as keys from './shapes-keys.ts'
import * as status from './shapes-status.ts'
import * as syncs from './shapes-syncs.ts'
import * as shapes from './shapes.ts'
import { uiChatBody } from './ui-request.ts'

type Named = Readonly<Record<string, z.ZodType>>

/** What is sent. A field with a default may be left out here. */
export const inputs: Named = {
  AskRequest: askBody,
  SearchRequest: searchBody,
  FeedbackRequest: feedbackBody,
  ConversationRequest: conversationBody,
  IngestRequest: ingestBody,
  PlanRequest: planBody,
  ReembedRequest: reembed.reembedBody,
  UploadRequest: uploadBody,
  KeyRequest: keyBody,
  LoginRequest: sessionBody,
  ChatCompletionRequest: chatBody,
  UiChatRequest: uiChatBody,
}

/** What is given. */
export const outputs: Named = {
  Answer: shapes.answerShape,
  RatedAnswer: shapes.ratedAnswerShape,
  AnswerSummary: shapes.summaryShape,
  Answers: shapes.answersShape,
  Conversation: shapes.conversationShape,
  ConversationSummary: shapes.conversationSummaryShape,
  Conversations: shapes.conversationsShape,
  Exchange: shapes.exchangeShape,
  Suggestions: shapes.suggestionsShape,
  Statement: shapes.statementShape,
  Citation: citationShape,
  Passage: shapes.passageShape,
  Span: shapes.spanShape,
  DocumentRef: shapes.documentShape,
  DocumentSummary: shapes.documentSummaryShape,
  Documents: shapes.documentsShape,
  DocumentText: shapes.documentTextShape,
  SearchResult: shapes.searchShape,
  Feedback: shapes.feedbackShape,
  Rated: shapes.rateShape,
  Stopped: shapes.stopShape,
  StartedEvent: shapes.eventShapes.started,
  PassagesEvent: shapes.eventShapes.passages,
  TextEvent: shapes.eventShapes.text,
  CitationEvent: shapes.eventShapes.citation,
  DoneEvent: shapes.eventShapes.done,
  AbstainedEvent: shapes.eventShapes.abstained,
  StoppedEvent: shapes.eventShapes.stopped,
  ErrorEvent: shapes.eventShapes.error,
  Live: shapes.liveShape,
  PingEvent: status.pingShape,
  Status: status.statusShape,
  Gap: status.gapShape,
  Gaps: status.gapsShape,
  IndexReport: status.indexReportShape,
  Ready: shapes.readyShape,
  NotReady: shapes.notReadyShape,
  IngestLine: syncs.ingestLineShape,
  ReembedLine: reembed.reembedLineShape,
  IngestReport: syncs.ingestReportShape,
  Plan: syncs.planShape,
  Sync: syncs.syncShape,
  Syncs: syncs.syncsShape,
  SyncDetail: syncs.syncDetailShape,
  Cancelled: syncs.cancelShape,
  Library: syncs.libraryShape,
  Uploaded: syncs.uploadedShape,
  Removed: syncs.removedShape,
  Key: keys.keyShape,
  Keys: keys.keysShape,
  CreatedKey: keys.createdKeyShape,
  RevokedKey: keys.revokedKeyShape,
  Session: keys.sessionShape,
  AuditEntry: keys.auditEntryShape,
  Audit: keys.auditShape,
  Problem: shapes.problemShape,
  Model: chat.modelShape,
  Models: chat.modelsShape,
  Annotation: chat.annotationShape,
  ChatCompletion: chat.completionShape,
  ChatCompletionChunk: chat.completionChunkShape,
  ChatCompletionEvent: chat.completionEventShape,
  OpenAiError: chat.openAiErrorShape,
  UiChunk: chat.uiChunkShape,
  JsonSchema: shapes.jsonSchemaShape,
}

const nameOf = new Map([...Object.entries(inputs), ...Object.entries(outputs)].map(([name, shape]) => [shape, name]))

/** Throws for a shape without a name: the document would have it twice. */
export function refTo(shape: z.ZodType): { readonly $ref: string } {
  const name = nameOf.get(shape)
  if (name === undefined) throw new Error('A shape of a route has no name in openapi-names.ts.')
  return { $ref: `#/components/schemas/${name}` }
}
