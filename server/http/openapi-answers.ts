// Answers read again, as the document tells their routes.
import { firstEvents, ids, shownAnswer } from './openapi-answer.ts'
import { bodyFaults, fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { feedbackBody } from './schemas.ts'
import * as shapes from './shapes.ts'
import { z } from 'zod'

const namesAnswer = 'the id of an answer'

const unknownAnswer = (sent: { readonly body?: unknown } = {}) => ({
  'unknown-answer': fault(
    { status: 404, code: 'unknown-answer', title: `There is no answer "${ids.unknown}".` },
    { parameters: { id: ids.unknown }, ...sent },
  ),
})

const withoutForm = (sent: { readonly body?: unknown } = {}) => ({
  'not-finished': fault(
    {
      status: 404,
      code: 'not-finished',
      title: `The answer ${ids.unfinished} has no final form yet; what was said stands in /v1/answers/${ids.unfinished}/events.`,
    },
    { parameters: { id: ids.unfinished }, when: 'running', ...sent },
  ),
  interrupted: fault(
    {
      status: 404,
      code: 'interrupted',
      title: `The answer ${ids.unfinished} ended in a fault (interrupted): ask again; what was said stands in /v1/answers/${ids.unfinished}/events.`,
    },
    { parameters: { id: ids.unfinished }, ...sent },
  ),
})

const findFaults = {
  ...unknownAnswer(),
  ...withoutForm(),
  'ended-in-a-fault': fault(
    {
      status: 404,
      code: 'model-timeout',
      title: `The answer ${ids.failed} ended in a fault (model-timeout): ask again; what was said stands in /v1/answers/${ids.failed}/events.`,
    },
    { parameters: { id: ids.failed } },
  ),
  ...outage(),
}

const find: Operation = {
  method: 'get',
  path: '/v1/answers/{id}',
  pathId: namesAnswer,
  id: 'getAnswer',
  tag: 'Answers',
  summary: 'Read a finished answer again',
  replies: {
    200: { description: 'The answer, and what a reader thought of it.', json: shapes.ratedAnswerShape },
    ...faultReplies(findFaults),
  },
  examples: {
    answer: {
      summary: 'An answer',
      status: 200,
      parameters: { id: ids.answer },
      reply: { ...shownAnswer, feedback: null },
    },
    ...findFaults,
  },
}

const followFaults = {
  ...unknownAnswer(),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'after: "x" is no event of this answer.', field: 'after' },
    { parameters: { id: ids.answer, after: 'x' } },
  ),
  'past-the-end': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'Last-Event-ID: "9999" is no event of this answer.',
      field: 'Last-Event-ID',
    },
    { parameters: { id: ids.answer, 'Last-Event-ID': '9999' } },
  ),
  ...outage(),
}

const follow: Operation = {
  method: 'get',
  path: '/v1/answers/{id}/events',
  pathId: namesAnswer,
  id: 'followAnswer',
  tag: 'Answers',
  summary: 'Follow the events of an answer',
  description: 'From any event on, until the last one; those of a finished answer at once. Leaving stops nothing.',
  query: z.object({
    after: z
      .string()
      .regex(/^\d{1,9}$/)
      .optional()
      .describe('the number of the last event that was read'),
  }),
  headers: { 'Last-Event-ID': 'the same, as browsers send it; it counts before `after`' },
  replies: { 200: { description: 'Its events.', events: shapes.eventShapes }, ...faultReplies(followFaults) },
  examples: {
    all: { summary: 'All of them', status: 200, parameters: { id: ids.answer }, reply: firstEvents },
    after: { summary: 'Those after the first', status: 200, parameters: { id: ids.answer, after: '1' } },
    resumed: {
      summary: 'As a browser resumes',
      status: 200,
      parameters: { id: ids.answer, 'Last-Event-ID': '2' },
    },
    ...followFaults,
  },
}

const stopFaults = {
  'cross-site': bodyFaults(256)['cross-site'] ?? { summary: '', status: 403 },
  ...unknownAnswer(),
  ...outage(),
}

const stop: Operation = {
  method: 'post',
  path: '/v1/answers/{id}/stop',
  pathId: namesAnswer,
  id: 'stopAnswer',
  tag: 'Answers',
  summary: 'Stop an answer',
  description: 'What was said is kept, and its last event is stopped.',
  replies: {
    200: { description: 'It had ended before.', json: shapes.stopShape },
    202: { description: 'It will stop.', json: shapes.stopShape },
    ...faultReplies(stopFaults),
  },
  examples: {
    ended: {
      summary: 'An answer that has ended',
      status: 200,
      parameters: { id: ids.answer },
      reply: { id: ids.answer, stopped: false },
    },
    running: {
      summary: 'An answer that is under way',
      status: 202,
      when: 'running',
      parameters: { id: ids.unfinished },
      reply: { id: ids.unfinished, stopped: true },
    },
    ...stopFaults,
  },
}

const thumb = { rating: 'down', reason: 'incomplete', comment: 'The load shedders are missing.' }

const rateFaults = {
  ...unknownAnswer({ body: { rating: 'up' } }),
  ...withoutForm({ body: { rating: 'up' } }),
  ...bodyFaults(256),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'rating: must be up or down.', field: 'rating' },
    { parameters: { id: ids.answer }, body: { rating: 'great' } },
  ),
  ...outage(),
}

const rate: Operation = {
  method: 'post',
  path: '/v1/answers/{id}/feedback',
  pathId: namesAnswer,
  id: 'rateAnswer',
  tag: 'Answers',
  summary: 'Say what a reader thought of an answer',
  description: 'The last one counts.',
  body: feedbackBody,
  replies: { 200: { description: 'It is kept.', json: shapes.rateShape }, ...faultReplies(rateFaults) },
  examples: {
    down: {
      summary: 'A thumb down with its reason',
      status: 200,
      parameters: { id: ids.answer },
      body: thumb,
      reply: { id: ids.answer, feedback: { ...thumb, given_at: '2026-11-21T10:00:00.000Z' } },
    },
    up: { summary: 'A thumb up', status: 200, parameters: { id: ids.answer }, body: { rating: 'up' } },
    ...rateFaults,
  },
}

const unrateFaults = { ...stopFaults, ...withoutForm() }

const unrate: Operation = {
  method: 'delete',
  path: '/v1/answers/{id}/feedback',
  pathId: namesAnswer,
  id: 'unrateAnswer',
  tag: 'Answers',
  summary: 'Take that back',
  replies: { 200: { description: 'It is gone.', json: shapes.rateShape }, ...faultReplies(unrateFaults) },
  examples: {
    gone: {
      summary: 'Nothing is said of it any more',
      status: 200,
      parameters: { id: ids.answer },
      reply: { id: ids.answer, feedback: null },
    },
    ...unrateFaults,
  },
}

export const answerOperations: readonly Operation[] = [find, follow, stop, rate, unrate]
