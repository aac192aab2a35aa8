// What the server tells of itself, as the document tells it.
import { fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { watchOperations } from './openapi-watch.ts'
import { pingQuery } from './ping.ts'
import * as shapes from './shapes.ts'
import { indexReportShape, pingShape, statusShape } from './shapes-status.ts'

const citationSchema: Operation = {
  method: 'get',
  path: '/schemas/citation.json',
  id: 'getCitationSchema',
  tag: 'Server',
  summary: 'The JSON Schema of a citation',
  replies: {
    200: { description: 'A JSON Schema.', json: shapes.jsonSchemaShape, type: 'application/schema+json' },
  },
  examples: { schema: { summary: 'The schema', status: 200 } },
}

const itself: Operation = {
  method: 'get',
  path: '/openapi.json',
  id: 'getOpenApi',
  tag: 'Server',
  summary: 'This document',
  replies: { 200: { description: 'OpenAPI 3.1.', json: shapes.jsonSchemaShape } },
  examples: { document: { summary: 'This document', status: 200 } },
}

const health: Operation = {
  method: 'get',
  path: '/health',
  id: 'health',
  tag: 'Server',
  summary: 'Is the process alive?',
  replies: { 200: { description: 'It is.', json: shapes.liveShape } },
  examples: { ok: { summary: 'It is', status: 200, reply: { status: 'ok' } } },
}

const models = { generator: null, embedder: 'built-in/static/256/1' }

const ready: Operation = {
  method: 'get',
  path: '/ready',
  id: 'ready',
  tag: 'Server',
  summary: 'Can it answer?',
  replies: {
    200: { description: 'It can.', json: shapes.readyShape },
    503: { description: 'It cannot, and says why.', json: shapes.notReadyShape },
  },
  examples: {
    ready: { summary: 'It can', status: 200, reply: { status: 'ready', library: 'main', models } },
    'database-down': {
      summary: 'The database is away',
      status: 503,
      when: 'database-down',
      reply: { status: 'not-ready', reason: 'the database does not answer', library: 'main', models },
    },
    draining: {
      summary: 'The server is shutting down',
      status: 503,
      when: 'draining',
      reply: { status: 'not-ready', reason: 'shutting down', library: 'main', models },
    },
  },
}

const pingFaults = {
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'count: must be a whole number from 1 to 10.', field: 'count' },
    { parameters: { count: '11' } },
  ),
}

const ping: Operation = {
  method: 'get',
  path: '/v1/ping/events',
  id: 'pingEvents',
  tag: 'Server',
  summary: 'Does a stream get through?',
  description: 'A few timed events without a search or a model: what comes all at once was held back on the way.',
  query: pingQuery,
  replies: {
    200: { description: 'One event after the other.', events: { ping: pingShape } },
    ...faultReplies(pingFaults),
  },
  examples: {
    two: {
      summary: 'Two, a tenth of a second apart',
      status: 200,
      parameters: { count: '2', every_ms: '100' },
      reply: 'event: ping\ndata: {"n":1,"of":2,"ms":0,"host":"localhost:3000"}\n\n',
    },
    ...pingFaults,
  },
}

const statusFaults = {
  'not-allowed': fault(
    {
      status: 403,
      code: 'not-allowed',
      title: 'Authorization: the status is for the command line on the same machine.',
      field: 'Authorization',
    },
    { request: { headers: { authorization: 'Bearer wrong' } } },
  ),
  ...outage(),
}

const status: Operation = {
  method: 'get',
  path: '/v1/status',
  id: 'getStatus',
  tag: 'Server',
  summary: 'What is in the store',
  description: 'For the command line of the same user: npm run status goes through a running server.',
  isSecured: true,
  replies: { 200: { description: 'It, counted now.', json: statusShape }, ...faultReplies(statusFaults) },
  examples: { status: { summary: 'The store', status: 200 }, ...statusFaults },
}

const indexReport: Operation = {
  method: 'get',
  path: '/v1/status/index',
  id: 'getIndexReport',
  tag: 'Server',
  summary: 'Do the figures of the index agree?',
  description: 'For npm run doctor of the same user. It reads the whole index.',
  isSecured: true,
  replies: {
    200: { description: 'Each counted from its rows.', json: indexReportShape },
    ...faultReplies(statusFaults),
  },
  examples: { index: { summary: 'The index', status: 200 }, ...statusFaults },
}

export const serverOperations: readonly Operation[] = [
  health,
  ready,
  ping,
  status,
  indexReport,
  ...watchOperations,
  citationSchema,
  itself,
]
