// Every metric that is counted as it happens: its name, its labels, its buckets. Labels come from closed lists of ours or
// from the route table, never from what somebody sent.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Limiter, Traffic } from '../../core/limits.ts'
import type { AbstentionReason, Answer, Fallback, Mode, Verdict } from '../../core/types.ts'

const modes: readonly Mode[] = ['extractive', 'generative']
const statuses: readonly (Answer['status'] | 'error')[] = ['answered', 'abstained', 'stopped', 'error']
const verdicts: readonly Verdict[] = ['verbatim', 'supported', 'partial', 'unsupported', 'unchecked']
const reasons: readonly AbstentionReason[] = [
  'empty-library',
  'nothing-relevant',
  'partly-covered',
  'model-declined',
  'nothing-supported',
]
const fallbacks: readonly Fallback[] = ['model-unavailable', 'model-cut-off', 'budget-spent']
const limiters: readonly Limiter[] = ['rate', 'concurrency', 'reserve', 'load']
const classes: readonly Traffic[] = ['evaluation', 'ingest', 'search', 'history', 'question']

// Bounds of the objectives in docs/operations.md stand among them: an alert reads a bucket and guesses nothing.
const REQUEST_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const RETRIEVAL_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const ANSWER_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 180]

export type Families = ReturnType<typeof openFamilies>

export function openFamilies(registry: Registry) {
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `footnote_${name}`, help, labelNames, registers: [registry] })
  const seconds = <Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]) =>
    new Histogram({ name: `footnote_${name}_seconds`, help, buckets, labelNames, registers: [registry] })
  const families = {
    answers: counter('answers_total', 'Answers that ended, by how.', 'status', 'mode'),
    abstentions: counter('abstentions_total', 'Refusals, by reason.', 'reason'),
    fallbacks: counter('fallbacks_total', 'Answers that a model should have written, or ended.', 'fallback'),
    faults: counter('answer_faults_total', 'Answers that ended in an error, by its code.', 'code'),
    verdicts: counter('verdicts_total', 'Sentences of answers, by verdict.', 'verdict'),
    firstText: seconds('first_text', 'From the question to its first text.', ANSWER_S, 'mode'),
    retrieval: seconds('retrieval', 'From the question to its passages.', RETRIEVAL_S),
    whole: seconds('answer', 'From the question to the end of its answer.', ANSWER_S, 'mode'),
    search: seconds('search', 'What a search takes in the database.', RETRIEVAL_S),
    append: seconds('store_append', 'Storing events of an answer before they are sent.', RETRIEVAL_S),
    lost: counter('store_append_failures_total', 'Events of answers that could not be stored.'),
    replies: counter('replies_total', 'Questions to the model that were answered from kept replies, or not.', 'kept'),
    calls: counter('model_calls_total', 'Calls of the model, by their end: ok, left, or a code.', 'end'),
    tokens: counter('model_tokens_total', 'Tokens of the model.', 'direction'),
    cost: counter('model_cost_usd_total', 'What the model cost, in US dollars.'),
    requests: counter('http_requests_total', 'Requests, by route and class of status.', 'method', 'route', 'status'),
    request: seconds('http_request', 'Until the reply begins.', REQUEST_S, 'method', 'route'),
    shed: counter('requests_shed_total', 'Requests that a limiter refused.', 'limiter', 'class'),
    running: new Gauge({ name: 'footnote_answers_running', help: 'Answers under way.', registers: [registry] }),
  }
  begin(families)
  return families
}

/** A rate needs a zero to rise from: what can be counted is there before it happens. */
function begin({ answers, abstentions, fallbacks: fallen, verdicts: given, ...families }: Families): void {
  for (const mode of modes) for (const status of statuses) answers.inc({ status, mode }, 0)
  for (const reason of reasons) abstentions.inc({ reason }, 0)
  for (const fallback of fallbacks) fallen.inc({ fallback }, 0)
  for (const verdict of verdicts) given.inc({ verdict }, 0)
  for (const limiter of limiters) for (const each of classes) families.shed.inc({ limiter, class: each }, 0)
  for (const kept of ['yes', 'no']) families.replies.inc({ kept }, 0)
  for (const direction of ['input', 'output']) families.tokens.inc({ direction }, 0)
  for (const end of ['ok', 'left']) families.calls.inc({ end }, 0)
}
