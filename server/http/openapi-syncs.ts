// The routes of syncs, and of the library as a whole, as the document tells them.
import { ids } from './openapi-answer.ts'
import { bodyFaults, type Example, fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { planBody, syncsQuery } from './schemas.ts'
import * as shapes from './shapes-syncs.ts'

function notAllowed(what: string): Example {
  return fault(
    {
      status: 403,
      code: 'not-allowed',
      title: `Authorization: ${what} is for the command line on the same machine.`,
      field: 'Authorization',
    },
    { request: { headers: { authorization: 'Bearer wrong' } } },
  )
}

const crossSite = { 'cross-site': bodyFaults(1)['cross-site'] as Example }

const unknownSync = {
  'unknown-sync': fault(
    { status: 404, code: 'unknown-sync', title: `There is no sync "${ids.noSync}".` },
    { parameters: { id: ids.noSync } },
  ),
}

const listFaults = {
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: `after: "${ids.noSync}" is no sync of this list.`, field: 'after' },
    { parameters: { after: ids.noSync } },
  ),
  ...outage(),
}

const list: Operation = {
  method: 'get',
  path: '/v1/syncs',
  id: 'listSyncs',
  tag: 'Library',
  summary: 'List the runs of the ingest',
  query: syncsQuery,
  replies: { 200: { description: 'The newest first.', json: shapes.syncsShape }, ...faultReplies(listFaults) },
  examples: { last: { summary: 'The last one', status: 200, parameters: { limit: '1' } }, ...listFaults },
}

const findFaults = { ...unknownSync, ...outage() }

const find: Operation = {
  method: 'get',
  path: '/v1/syncs/{id}',
  pathId: 'the id of a sync',
  id: 'getSync',
  tag: 'Library',
  summary: 'Read what a sync did to each source',
  replies: { 200: { description: 'The sync.', json: shapes.syncDetailShape }, ...faultReplies(findFaults) },
  examples: { sync: { summary: 'One that has ended', status: 200, parameters: { id: ids.sync } }, ...findFaults },
}

const events: Operation = {
  method: 'get',
  path: '/v1/syncs/{id}/events',
  pathId: 'the id of a sync',
  id: 'followSync',
  tag: 'Library',
  summary: 'Watch a sync',
  description:
    'Each event is its whole state, so that a reader who comes again has missed nothing. `ended` is the last.',
  replies: {
    200: {
      description: 'How far it is, a few times in a second.',
      events: { progress: shapes.syncShape, ended: shapes.syncShape },
    },
    ...faultReplies(findFaults),
  },
  examples: { ended: { summary: 'One that has ended', status: 200, parameters: { id: ids.sync } }, ...findFaults },
}

const cancelFaults = { 'not-allowed': notAllowed('cancelling'), ...crossSite, ...unknownSync, ...outage() }

const cancel: Operation = {
  method: 'post',
  path: '/v1/syncs/{id}/cancel',
  pathId: 'the id of a sync',
  id: 'cancelSync',
  tag: 'Library',
  summary: 'Stop a sync',
  description: 'For the command line of the same user. What was done stays; another sync goes on from there.',
  isSecured: true,
  replies: { 200: { description: 'Whether it was stopped.', json: shapes.cancelShape }, ...faultReplies(cancelFaults) },
  examples: {
    ended: {
      summary: 'One that has ended',
      status: 200,
      parameters: { id: ids.sync },
      reply: { id: ids.sync, cancelled: false },
    },
    ...cancelFaults,
  },
}

const undoFaults = { 'not-allowed': notAllowed('undoing'), ...crossSite }

const undo: Operation = {
  method: 'post',
  path: '/v1/syncs/{id}/undo',
  pathId: 'the id of a sync; last: the last one that changed something',
  id: 'undoSync',
  tag: 'Library',
  summary: 'Take back what a sync changed',
  description:
    'For npm run ingest -- undo of the same user. All of it or nothing: a line `error` says why it cannot be.',
  isSecured: true,
  replies: {
    200: { description: 'The lines of an ingest.', lines: shapes.ingestLineShape },
    ...faultReplies(undoFaults),
  },
  examples: {
    'cannot-undo': {
      summary: 'A sync that there is not',
      status: 200,
      parameters: { id: ids.noSync },
      reply: `{"type":"error","code":"cannot-undo","message":"There is no sync \\"${ids.noSync}\\": nothing was undone. GET /v1/syncs lists them."}\n`,
    },
    ...undoFaults,
  },
}

const planFaults = {
  'not-allowed': notAllowed('ingesting'),
  ...bodyFaults(4 * 1024),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'paths: is missing: name files, folders or sources.', field: 'paths' },
    { body: {} },
  ),
  ...outage(),
}

const plan: Operation = {
  method: 'post',
  path: '/v1/ingest/plan',
  id: 'planIngest',
  tag: 'Library',
  summary: 'Tell what an ingest would do',
  description: 'For npm run ingest -- --plan of the same user. Reads and compares everything, and changes nothing.',
  isSecured: true,
  body: planBody,
  replies: { 200: { description: 'It.', json: shapes.planShape }, ...faultReplies(planFaults) },
  examples: {
    unchanged: {
      summary: 'A file that is known',
      status: 200,
      body: { paths: ['library/stripe-rate-limiters.md'] },
    },
    ...planFaults,
  },
}

const libraryFaults = outage()

const library: Operation = {
  method: 'get',
  path: '/v1/library',
  id: 'getLibrary',
  tag: 'Library',
  summary: 'Is the library as its sources are?',
  replies: { 200: { description: 'Its state.', json: shapes.libraryShape }, ...faultReplies(libraryFaults) },
  examples: { state: { summary: 'Its state', status: 200 }, ...libraryFaults },
}

export const syncOperations: readonly Operation[] = [library, list, find, events, cancel, undo, plan]
