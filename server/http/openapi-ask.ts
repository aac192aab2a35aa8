// Questions and the list of answers, as the document tells their routes.
import { firstEvents, ids, QUESTION, shownAnswer } from './openapi-answer.ts'
import { bodyFaults, fault, faultReplies, idempotency, type Operation, outage } from './openapi-operation.ts'
import { answersQuery, askBody } from './schemas.ts'
import { answerShape, answersShape, eventShapes } from './shapes.ts'

const askFaults = {
  'unknown-library': fault(
    { status: 404, code: 'unknown-library', title: 'There is no library "other" here; this one is "main".' },
    { body: { question: QUESTION, library: 'other' } },
  ),
  'unknown-conversation': fault(
    { status: 404, code: 'unknown-conversation', title: `There is no conversation "${ids.own}".` },
    { body: { question: QUESTION, conversation_id: ids.own } },
  ),
  ...bodyFaults(256),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'question: is empty.', field: 'question' },
    { body: { question: '' } },
  ),
  'unknown-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title:
        'temperature: is not a known field; known are question, audiences, conversation_id, history, library, stream, fresh, resumable, mode.',
      field: 'temperature',
    },
    { body: { question: QUESTION, temperature: 1 } },
  ),
  'no-model': fault(
    {
      status: 422,
      code: 'no-model',
      title: 'mode: "generative" needs a model; set OPENAI_API_KEY, or use "auto".',
      field: 'mode',
    },
    { body: { question: QUESTION, mode: 'generative' } },
  ),
  ...outage(),
}

const ask: Operation = {
  method: 'post',
  path: '/v1/ask',
  id: 'ask',
  tag: 'Answers',
  summary: 'Ask a question',
  description:
    'One JSON object, or the events of the answer as they happen: with "stream": true or Accept: text/event-stream. The last event is done, abstained, stopped or error; a stream without one was cut, and goes on at /v1/answers/{id}/events. Who leaves has stopped the answer.',
  headers: idempotency,
  body: askBody,
  replies: {
    200: {
      description: 'The answer; also when it is that the library does not hold one.',
      json: answerShape,
      events: eventShapes,
    },
    ...faultReplies(askFaults),
  },
  examples: {
    answer: { summary: 'A question', status: 200, body: { question: QUESTION }, reply: shownAnswer },
    refusal: {
      summary: 'What the library does not hold',
      status: 200,
      body: { question: 'Which colour does the queen of Denmark paint her submarine?' },
    },
    'follow-up': {
      summary: 'A question that leans on what was said',
      status: 200,
      body: {
        question: 'And what does it do with test traffic?',
        history: [{ question: QUESTION, answer: shownAnswer.answer }],
        mode: 'extractive',
      },
    },
    stream: {
      summary: 'The answer as it comes',
      status: 200,
      body: { question: QUESTION, stream: true },
      reply: firstEvents,
    },
    ...askFaults,
  },
}

const listFaults = {
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'limit: must be a whole number from 1 to 200.', field: 'limit' },
    { parameters: { limit: '201' } },
  ),
  ...outage(),
}

const list: Operation = {
  method: 'get',
  path: '/v1/answers',
  id: 'listAnswers',
  tag: 'Answers',
  summary: 'List finished answers',
  query: answersQuery,
  replies: {
    200: { description: 'A page of them, by id.', json: answersShape },
    ...faultReplies(listFaults),
  },
  examples: {
    all: { summary: 'The first two', status: 200, parameters: { limit: '2' } },
    stale: { summary: 'Those with a stale citation', status: 200, parameters: { stale: 'true' } },
    'thumbs-down': { summary: 'Those that a reader did not like', status: 200, parameters: { rating: 'down' } },
    conversation: { summary: 'Of one conversation', status: 200, parameters: { conversation_id: ids.conversation } },
    ...listFaults,
  },
}

export const askOperations: readonly Operation[] = [ask, list]
