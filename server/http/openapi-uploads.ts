// Documents that are sent, as the document tells them.
import { ids } from './openapi-answer.ts'
import {
  bodyFaults,
  type Example,
  fault,
  faultReplies,
  idempotency,
  type Operation,
  outage,
} from './openapi-operation.ts'
import { uploadBody } from './schemas.ts'
import * as shapes from './shapes-syncs.ts'

const closed = {
  'uploads-off': fault(
    {
      status: 403,
      code: 'uploads-off',
      title:
        'UPLOADS: this server takes no documents over HTTP. Start it with UPLOADS=on, or put the file into its library folder.',
    },
    { when: 'uploads-off' },
  ),
}

const { 'bad-json': badJson, 'cross-site': crossSite } = bodyFaults(1) as Record<'bad-json' | 'cross-site', Example>

const sendFaults = {
  'bad-json': badJson,
  'bad-form': fault(
    {
      status: 400,
      code: 'bad-form',
      title: 'The body is not valid multipart/form-data.',
      field: 'body',
    },
    { request: { headers: { 'content-type': 'multipart/form-data; boundary=x' }, text: 'notes' } },
  ),
  ...closed,
  'cross-site': crossSite,
  'too-large': fault(
    {
      status: 413,
      code: 'too-large',
      title: 'The body is larger than 30720 KB: send the files one by one, or split the document.',
      field: 'body',
    },
    { request: { bytes: 30 * 1024 * 1024 + 1 } },
  ),
  'not-json': fault(
    {
      status: 415,
      code: 'not-json',
      title: 'The body\'s type is "text/plain"; send application/json, or files as multipart/form-data.',
    },
    { request: { headers: { 'content-type': 'text/plain' } } },
  ),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'text: must be there, or markdown, or html: exactly one of them, or none for the page at a url.',
      field: 'text',
    },
    { body: { name: 'notes.md' } },
  ),
  'refused-url': fault(
    {
      status: 422,
      code: 'refused-url',
      title:
        'url: http://192.168.0.1/ leads to 192.168.0.1, which is no public address: pages are added from public addresses only.',
      field: 'url',
    },
    { body: { url: 'http://192.168.0.1/' } },
  ),
  'no-text': fault(
    {
      status: 422,
      code: 'no-text',
      title: 'upload/blank.md has no text left without its markup: add text or remove it.',
      field: 'name',
    },
    { body: { name: 'blank.md', markdown: '\n' } },
  ),
  ...outage(),
}

const send: Operation = {
  method: 'post',
  path: '/v1/documents',
  id: 'sendDocument',
  tag: 'Library',
  summary: 'Add a document',
  description:
    'As JSON, or files as multipart/form-data (any number of files, with title, url, authors and audience as fields). JSON with a url and no text fetches that page, from public addresses only, and keeps it. It is learned before the reply, as the source upload/<name>; the same name again is a new revision. Who may: the setting UPLOADS.',
  headers: idempotency,
  body: uploadBody,
  replies: {
    201: { description: 'It can be asked about.', json: shapes.uploadedShape },
    ...faultReplies(sendFaults),
  },
  examples: {
    markdown: {
      summary: 'Notes in Markdown',
      status: 201,
      body: { name: 'notes.md', title: 'Notes on queues', markdown: 'A queue without a limit hides an outage.' },
    },
    ...sendFaults,
  },
}

const removeFaults = {
  ...closed,
  'not-uploaded': fault(
    {
      status: 403,
      code: 'not-uploaded',
      title:
        'id: library/stripe-rate-limiters.md was not uploaded: it would come back with the next sync. Remove it where it comes from, and ingest that again.',
      field: 'id',
    },
    { parameters: { id: ids.document } },
  ),
  'cross-site': crossSite,
  'unknown-document': fault(
    { status: 404, code: 'unknown-document', title: 'There is no document "doc_00000000000000000000".' },
    { parameters: { id: 'doc_00000000000000000000' } },
  ),
  ...outage(),
}

const remove: Operation = {
  method: 'delete',
  path: '/v1/documents/{id}',
  pathId: 'the id of a document',
  id: 'removeDocument',
  tag: 'Library',
  summary: 'Remove a document that was sent',
  description: 'Its texts stay readable for the citations that point at them.',
  replies: { 200: { description: 'It is removed.', json: shapes.removedShape }, ...faultReplies(removeFaults) },
  examples: {
    removed: {
      summary: 'One that was sent',
      status: 200,
      parameters: { id: ids.upload },
      reply: { id: ids.upload, removed: true, sync: ids.sync },
    },
    ...removeFaults,
  },
}

export const uploadOperations: readonly Operation[] = [send, remove]
