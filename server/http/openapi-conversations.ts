// A reader's conversations, and what could be asked, as the document tells their routes.
import { ids, QUESTION, READER, shownAnswer } from './openapi-answer.ts'
import { bodyFaults, type Example, fault, faultReplies, type Operation, outage } from './openapi-operation.ts'
import { conversationBody, conversationQuery, conversationsQuery, suggestionsQuery } from './schemas.ts'
import * as shapes from './shapes.ts'

const own = { request: { headers: { cookie: READER } } }
const whose =
  'Whose they are says the cookie footnote_reader, which a browser gets with the page. Another reader’s are as if there were none.'

const summary = { id: ids.own, title: QUESTION, questions: 1, asked_at: '2026-11-21T10:00:00.000Z' }

const listFaults = {
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'after: is no place in this list.', field: 'after' },
    { parameters: { after: 'x' } },
  ),
  ...outageWith({ cookie: READER }),
}

const list: Operation = {
  method: 'get',
  path: '/v1/conversations',
  id: 'listConversations',
  tag: 'Answers',
  summary: 'List the conversations of a reader',
  description: `The one with the newest question first. ${whose}`,
  query: conversationsQuery,
  replies: {
    200: { description: 'A page of them.', json: shapes.conversationsShape },
    ...faultReplies(listFaults),
  },
  examples: {
    own: { summary: 'Of one reader', status: 200, ...own, reply: { conversations: [summary], next: null } },
    words: { summary: 'Those with these words', status: 200, ...own, parameters: { q: 'rate limit' } },
    nobody: { summary: 'Of a program', status: 200, reply: { conversations: [], next: null } },
    ...listFaults,
  },
}

const unknownConversation = (sent: Partial<Example> = {}) => ({
  'unknown-conversation': fault(
    { status: 404, code: 'unknown-conversation', title: `There is no conversation "${ids.own}".` },
    { parameters: { id: ids.own }, ...sent },
  ),
})

const findFaults = {
  ...unknownConversation(),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: `before: "${ids.unknown}" is no answer of this conversation.`,
      field: 'before',
    },
    { parameters: { id: ids.own, before: ids.unknown }, ...own },
  ),
  ...outage(),
}

const namesConversation = 'the id of a conversation'

const find: Operation = {
  method: 'get',
  path: '/v1/conversations/{id}',
  pathId: namesConversation,
  id: 'getConversation',
  tag: 'Answers',
  summary: 'Read a conversation again',
  description: `Its last exchanges, also those under way, whose events can be followed. ${whose}`,
  query: conversationQuery,
  replies: {
    200: { description: 'The exchanges, oldest first.', json: shapes.conversationShape },
    ...faultReplies(findFaults),
  },
  examples: {
    own: {
      summary: 'A conversation',
      status: 200,
      ...own,
      parameters: { id: ids.own },
      reply: {
        ...summary,
        answers: [
          {
            id: ids.answer,
            question: QUESTION,
            status: 'answered',
            asked_at: summary.asked_at,
            answer: { ...shownAnswer, feedback: null },
          },
        ],
        earlier: null,
      },
    },
    ...findFaults,
  },
}

const title = { title: 'Rate limiters' }

const renameFaults = {
  ...unknownConversation({ body: title }),
  ...bodyFaults(256),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'title: is empty.', field: 'title' },
    { parameters: { id: ids.own }, body: { title: ' ' } },
  ),
  ...outageWith({ cookie: READER }),
}

const rename: Operation = {
  method: 'patch',
  path: '/v1/conversations/{id}',
  pathId: namesConversation,
  id: 'renameConversation',
  tag: 'Answers',
  summary: 'Name a conversation',
  description: whose,
  body: conversationBody,
  replies: {
    200: { description: 'It is named.', json: shapes.conversationSummaryShape },
    ...faultReplies(renameFaults),
  },
  examples: {
    named: {
      summary: 'A name',
      status: 200,
      ...own,
      parameters: { id: ids.own },
      body: title,
      reply: { ...summary, ...title },
    },
    ...renameFaults,
  },
}

const removeFaults = {
  'cross-site': bodyFaults(256)['cross-site'] ?? { summary: '', status: 403 },
  ...unknownConversation(),
  ...outageWith({ cookie: READER }),
}

const remove: Operation = {
  method: 'delete',
  path: '/v1/conversations/{id}',
  pathId: namesConversation,
  id: 'removeConversation',
  tag: 'Answers',
  summary: 'Remove a conversation',
  description: `With its answers and all that was said of them; what is under way is stopped. ${whose}`,
  replies: { 204: { description: 'It is gone.' }, ...faultReplies(removeFaults) },
  examples: {
    gone: { summary: 'It is gone', status: 204, ...own, parameters: { id: ids.removed } },
    ...removeFaults,
  },
}

const shown = { question: 'How does Stripe keep its API up with rate limiters?' }
const { id, title: documentTitle } = shownAnswer.citations[0].document
const suggestions = { suggestions: [{ ...shown, document: { id, title: documentTitle } }] }

const suggestFaults = {
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'limit: must be a whole number from 1 to 30.', field: 'limit' },
    { parameters: { limit: '31' } },
  ),
  ...outage(),
}

const suggest: Operation = {
  method: 'get',
  path: '/v1/suggestions',
  id: 'suggest',
  tag: 'Library',
  summary: 'What could be asked here',
  description:
    'Questions made from titles and headings of documents for everyone. Each was tried: without a model it is answered, from the document that it names.',
  query: suggestionsQuery,
  replies: { 200: { description: 'Some questions.', json: shapes.suggestionsShape }, ...faultReplies(suggestFaults) },
  examples: {
    some: { summary: 'Three at most', status: 200, reply: suggestions },
    one: { summary: 'One', status: 200, parameters: { limit: '1' } },
    ...suggestFaults,
  },
}

const afterFaults = {
  'unknown-answer': fault(
    { status: 404, code: 'unknown-answer', title: `There is no finished answer "${ids.unknown}".` },
    { parameters: { id: ids.unknown } },
  ),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'limit: must be a whole number from 1 to 30.', field: 'limit' },
    { parameters: { id: ids.answer, limit: '0' } },
  ),
  ...outage(),
}

const after: Operation = {
  method: 'get',
  path: '/v1/answers/{id}/suggestions',
  pathId: 'the id of a finished answer',
  id: 'suggestAfter',
  tag: 'Answers',
  summary: 'What could be asked next',
  description:
    'What stands beside the words that it cites; after a refusal what the library knows nearest. Never what was asked in its conversation before, and only from what the audiences of the answer may read.',
  query: suggestionsQuery,
  replies: { 200: { description: 'Some questions.', json: shapes.suggestionsShape }, ...faultReplies(afterFaults) },
  examples: {
    some: { summary: 'Three at most', status: 200, parameters: { id: ids.answer } },
    ...afterFaults,
  },
}

/** A program without a cookie has no conversations, whether or not the database is there. */
function outageWith(headers: Readonly<Record<string, string>>): Record<string, Example> {
  return Object.fromEntries(Object.entries(outage()).map(([name, each]) => [name, { ...each, request: { headers } }]))
}

export const conversationOperations: readonly Operation[] = [list, find, rename, remove, suggest, after]
