// The route that changes the embedding model, as the document tells it.
import { bodyFaults, fault, faultReplies, type Operation } from './openapi-operation.ts'
import { reembedBody, reembedLineShape } from './shapes-reembed.ts'

const faults = {
  'not-allowed': fault(
    {
      status: 403,
      code: 'not-allowed',
      title: 'Authorization: changing the embedding model is for the command line on the same machine.',
      field: 'Authorization',
    },
    { request: { headers: { authorization: 'Bearer wrong' } } },
  ),
  ...bodyFaults(4 * 1024),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'model: is missing: name a model of the provider, or built-in.',
      field: 'model',
    },
    { body: { step: 'fill' } },
  ),
}

const reembed: Operation = {
  method: 'post',
  path: '/v1/reembed',
  id: 'reembed',
  tag: 'Library',
  summary: 'Change the embedding model, one step',
  description:
    'For npm run reembed of the same user. A second space is filled while the first one is searched; what was filled stays when the fill is cut.',
  isSecured: true,
  body: reembedBody,
  replies: {
    200: { description: 'Lines of how far it is and what came of it, or error.', lines: reembedLineShape },
    ...faultReplies(faults),
  },
  examples: {
    list: {
      summary: 'The spaces that there are',
      status: 200,
      body: { step: 'list' },
      reply: '{"type":"spaces","spaces":[{"space":"built-in/static/256/1","chunks":5,"active":true,"former":false}]}\n',
    },
    ...faults,
  },
}

export const reembedOperations: readonly Operation[] = [reembed]
