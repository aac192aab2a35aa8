// Keys, sessions and the audit log, as the document tells them.
import { bodyFaults, type Example, fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { noQuery } from './schemas.ts'
import { auditQuery, keyBody, sessionBody } from './schemas-keys.ts'
import * as shapes from './shapes-keys.ts'

/** The key of the examples: its checksum fits, and it opens nothing anywhere else. */
export const shownKey = {
  id: '0ExampleKey',
  revoked: '0ExampleOld',
  text: 'fn_0ExampleKey_00000000000000000000000000000000000000000002xuwj6',
}

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
const listFaults = { 'not-allowed': notAllowed('listing keys'), ...outage() }

const list: Operation = {
  method: 'get',
  path: '/v1/keys',
  id: 'listKeys',
  tag: 'Server',
  summary: 'List the keys',
  description: 'For npm run keys -- list of the same user, and for keys with the scope admin.',
  isSecured: true,
  query: noQuery,
  replies: { 200: { description: 'The newest first.', json: shapes.keysShape }, ...faultReplies(listFaults) },
  examples: { all: { summary: 'All of them', status: 200 }, ...listFaults },
}

const createFaults = {
  'not-allowed': notAllowed('making keys'),
  ...bodyFaults(256),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'scopes: must be ask alone where there are origins: everybody can read a key that stands in a page.',
      field: 'scopes',
    },
    { body: { name: 'docs', scopes: ['admin'], expires_at: null, origins: ['https://docs.example.com'] } },
  ),
  ...outage(),
}

const create: Operation = {
  method: 'post',
  path: '/v1/keys',
  id: 'createKey',
  tag: 'Server',
  summary: 'Make a key',
  description:
    'For npm run keys -- create of the same user, and for keys with the scope admin. Its text is in this reply and nowhere else. Without KEY_SECRET a server on Postgres makes none (no-key-secret).',
  isSecured: true,
  body: keyBody,
  replies: { 201: { description: 'The key.', json: shapes.createdKeyShape }, ...faultReplies(createFaults) },
  examples: {
    program: {
      summary: 'For a program that asks',
      status: 201,
      body: { name: 'a program', scopes: ['ask'], expires_at: '2100-01-01T00:00:00Z' },
    },
    ...createFaults,
  },
}

const revokeFaults = {
  'not-allowed': notAllowed('revoking keys'),
  ...crossSite,
  'unknown-key': fault(
    {
      status: 404,
      code: 'unknown-key',
      title: 'There is no key "0NoSuchKey0" that is not revoked; npm run keys -- list names them.',
    },
    { parameters: { id: '0NoSuchKey0' } },
  ),
  ...outage(),
}

const revoke: Operation = {
  method: 'delete',
  path: '/v1/keys/{id}',
  pathId: 'the id of a key',
  id: 'revokeKey',
  tag: 'Server',
  summary: 'Revoke a key',
  description: 'Streams that it has open end within a second, with an event `error` and the code `revoked`.',
  isSecured: true,
  replies: { 200: { description: 'It is revoked.', json: shapes.revokedKeyShape }, ...faultReplies(revokeFaults) },
  examples: {
    one: {
      summary: 'One that held',
      status: 200,
      parameters: { id: shownKey.revoked },
      reply: { id: shownKey.revoked, revoked: true },
    },
    ...revokeFaults,
  },
}

const who: Operation = {
  method: 'get',
  path: '/v1/session',
  id: 'getSession',
  tag: 'Server',
  summary: 'Who asks?',
  description: 'Where keys are wanted and none is shown: 401, as everywhere.',
  query: noQuery,
  replies: { 200: { description: 'What was shown.', json: shapes.sessionShape } },
  examples: {
    local: {
      summary: 'Where nobody has to log in',
      status: 200,
      reply: { type: 'local', name: null, scopes: [] },
    },
  },
}

const loginFaults = {
  'invalid-key': fault(
    {
      status: 401,
      code: 'invalid-key',
      title: 'Authorization: the key is not valid here: unknown, revoked, expired, or for other sites.',
      field: 'Authorization',
    },
    { body: { key: 'fn_4BX5Zjk2nGH_ceU9mpUt8C9KpghFHWODOo9UvoAqCrw3jPttF5jgl4P2ccM0r' } },
  ),
  'malformed-key': fault(
    {
      status: 401,
      code: 'malformed-key',
      title: 'Authorization: this is no whole key of this kind (fn_…): its checksum does not fit. Copy it again.',
      field: 'Authorization',
    },
    { body: { key: 'fn_unknown' } },
  ),
  ...bodyFaults(256),
  'bad-field': fault({ status: 422, code: 'bad-field', title: 'key: is missing.', field: 'key' }, { body: {} }),
  'store-unavailable': { ...(outage()['store-unavailable'] as Example), body: { key: shownKey.text } },
}

const login: Operation = {
  method: 'post',
  path: '/v1/session',
  id: 'logIn',
  tag: 'Server',
  summary: 'Log a browser in',
  description:
    'The reply sets a cookie, httpOnly and SameSite=Strict, that stands for the key until it has not been used for a week, for 30 days at most.',
  body: sessionBody,
  replies: { 201: { description: 'A session.', json: shapes.sessionShape }, ...faultReplies(loginFaults) },
  examples: {
    key: {
      summary: 'With a key',
      status: 201,
      body: { key: shownKey.text },
      reply: { type: 'session', name: 'of the examples', scopes: ['ask'] },
    },
    ...loginFaults,
  },
}

const logout: Operation = {
  method: 'delete',
  path: '/v1/session',
  id: 'logOut',
  tag: 'Server',
  summary: 'Log a browser out',
  query: noQuery,
  replies: { 204: { description: 'The session is over.' }, ...faultReplies(crossSite) },
  examples: { out: { summary: 'The session is over', status: 204 }, ...crossSite },
}

const auditFaults = {
  'not-allowed': notAllowed('the audit log'),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'after: is no place in this list.', field: 'after' },
    { parameters: { after: 'x' } },
  ),
  ...outage(),
}

const audit: Operation = {
  method: 'get',
  path: '/v1/audit',
  id: 'listAudit',
  tag: 'Server',
  summary: 'Read what was administered',
  description: 'For npm run keys -- audit of the same user, and for keys with the scope admin.',
  isSecured: true,
  query: auditQuery,
  replies: { 200: { description: 'The newest first.', json: shapes.auditShape }, ...faultReplies(auditFaults) },
  examples: { last: { summary: 'The last act', status: 200, parameters: { limit: '1' } }, ...auditFaults },
}

export const keyOperations: readonly Operation[] = [list, create, revoke, who, login, logout, audit]
