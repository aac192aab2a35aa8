// What those who run the server look at, as the document tells it.
import { fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { gapsQuery } from './schemas.ts'
import { gapsShape } from './shapes-status.ts'

const gapsFaults = {
  'not-allowed': fault(
    {
      status: 403,
      code: 'not-allowed',
      title: 'Authorization: what others asked is for whoever runs this server.',
      field: 'Authorization',
    },
    { request: { headers: { authorization: 'Bearer wrong' } } },
  ),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'since: is no time like 12h, 30d or 8w.', field: 'since' },
    { parameters: { since: 'yesterday' } },
  ),
  ...outage(),
}

const gaps: Operation = {
  method: 'get',
  path: '/v1/gaps',
  id: 'getGaps',
  tag: 'Library',
  summary: 'What could the library not answer?',
  description:
    'Questions that were refused or judged badly, those about the same together. For npm run gaps of the same user, and without a token on a server that listens on this machine only.',
  isSecured: true,
  query: gapsQuery,
  replies: { 200: { description: 'The gaps, the most asked first.', json: gapsShape }, ...faultReplies(gapsFaults) },
  examples: {
    month: { summary: 'Of the last 30 days', status: 200 },
    week: { summary: 'Of the last week', status: 200, parameters: { since: '1w' } },
    ...gapsFaults,
  },
}

const metrics: Operation = {
  method: 'get',
  path: '/metrics',
  id: 'getMetrics',
  tag: 'Server',
  summary: 'How does it fare?',
  description: 'In the text format of Prometheus. Who may read it says METRICS; docs/operations.md names each metric.',
  isSecured: true,
  replies: { 200: { description: 'One sample a line.', isText: true } },
  examples: { all: { summary: 'All of them', status: 200 } },
}

export const watchOperations: readonly Operation[] = [gaps, metrics]
