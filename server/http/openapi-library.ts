// The routes of the library as the document tells them.
import { ids, shownPassage } from './openapi-answer.ts'
import { bodyFaults, fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { ingestBody, documentsQuery, revisionQuery, searchBody } from './schemas.ts'
import * as shapes from './shapes.ts'
import { ingestLineShape } from './shapes-syncs.ts'

const searchFaults = {
  'unknown-library': fault(
    { status: 404, code: 'unknown-library', title: 'There is no library "other" here; this one is "main".' },
    { body: { query: 'load shedding', library: 'other' } },
  ),
  ...bodyFaults(256),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'query: must be a string.', field: 'query' },
    { body: { query: 5 } },
  ),
  ...outage(),
}

const search: Operation = {
  method: 'post',
  path: '/v1/search',
  id: 'search',
  tag: 'Library',
  summary: 'Find the passages an answer would be made from',
  body: searchBody,
  replies: {
    200: { description: 'The passages, best first.', json: shapes.searchShape },
    ...faultReplies(searchFaults),
  },
  examples: {
    words: {
      summary: 'Words',
      status: 200,
      body: { query: 'load shedding' },
      reply: { query: 'load shedding', passages: [shownPassage], timings_ms: { total: 13.9 } },
    },
    ...searchFaults,
  },
}

const listFaults = {
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'limit: must be a whole number from 1 to 200.', field: 'limit' },
    { parameters: { limit: '0' } },
  ),
  ...outage(),
}

const list: Operation = {
  method: 'get',
  path: '/v1/documents',
  id: 'listDocuments',
  tag: 'Library',
  summary: 'List the documents',
  query: documentsQuery,
  replies: { 200: { description: 'A page of them, by id.', json: shapes.documentsShape }, ...faultReplies(listFaults) },
  examples: {
    first: { summary: 'The first two', status: 200, parameters: { limit: '2' } },
    words: { summary: 'Those with a word in their title or source', status: 200, parameters: { q: 'stripe' } },
    next: { summary: 'Those after one', status: 200, parameters: { limit: '2', after: ids.document } },
    ...listFaults,
  },
}

const [noDocument, noRevision] = ['doc_00000000000000000000', '0'.repeat(64)]

const findFaults = {
  'unknown-document': fault(
    { status: 404, code: 'unknown-document', title: `There is no document "${noDocument}".` },
    { parameters: { id: noDocument } },
  ),
  'unknown-revision': fault(
    {
      status: 404,
      code: 'unknown-document',
      title: `There is no document "${ids.document} in revision ${noRevision}".`,
    },
    { parameters: { id: ids.document, revision: noRevision } },
  ),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'revision: is not a revision (64 hexadecimal digits).',
      field: 'revision',
    },
    { parameters: { id: ids.document, revision: 'latest' } },
  ),
  ...outage(),
}

const find: Operation = {
  method: 'get',
  path: '/v1/documents/{id}',
  pathId: 'the id of a document',
  id: 'getDocument',
  tag: 'Library',
  summary: 'Read the text that spans index',
  query: revisionQuery,
  replies: { 200: { description: 'The text.', json: shapes.documentTextShape }, ...faultReplies(findFaults) },
  examples: {
    current: { summary: 'The current revision', status: 200, parameters: { id: ids.document } },
    ...findFaults,
  },
}

const ingestFaults = {
  'not-allowed': fault(
    {
      status: 403,
      code: 'not-allowed',
      title: 'Authorization: ingesting is for the command line on the same machine.',
      field: 'Authorization',
    },
    { request: { headers: { authorization: 'Bearer wrong' } } },
  ),
  ...bodyFaults(4 * 1024),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'paths.0: is empty.',
      field: 'paths.0',
    },
    { body: { paths: [''] } },
  ),
}

const ingest: Operation = {
  method: 'post',
  path: '/v1/ingest',
  id: 'ingest',
  tag: 'Library',
  summary: 'Learn files and folders',
  description: 'For the command line of the same user: npm run ingest goes through a running server.',
  isSecured: true,
  body: ingestBody,
  replies: {
    200: {
      description: 'One line for the sync, one for what was found, one for each source, then finished, or error.',
      lines: ingestLineShape,
    },
    ...faultReplies(ingestFaults),
  },
  examples: {
    unchanged: {
      summary: 'A file that is known',
      status: 200,
      body: { paths: ['library/stripe-rate-limiters.md'] },
      reply:
        '{"type":"began","sync":"syn_0a1b2c3d4e5f60718293a4b5c6d7e8f9"}\n{"type":"found","files":1,"gone":0,"skipped":[]}\n',
    },
    ...ingestFaults,
  },
}

export const libraryOperations: readonly Operation[] = [search, list, find, ingest]
