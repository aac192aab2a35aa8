// The chat surfaces as the document tells them.
import { QUESTION, shownAnswer } from './openapi-answer.ts'
import {
  bodyFaults,
  type Example,
  fault,
  type FaultForm,
  faultReplies,
  type Operation,
  outage,
  idempotency,
} from './openapi-operation.ts'
import { chatBody } from './chat-request.ts'
import * as chat from './shapes-chat.ts'
import { uiChatBody } from './ui-request.ts'

const LIMIT_KB = 2 * 1024
const messages = [{ role: 'user', content: QUESTION }]
const created = 1_795_255_200
const link = `http://localhost:3000${shownAnswer.citations[0].link}`
const marker = `[[1]](${link})`
const { quote } = shownAnswer.citations[0]

const completion = {
  id: shownAnswer.id,
  created,
  model: 'footnote',
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: `${quote} ${marker}`,
        refusal: null,
        annotations: [
          {
            type: 'url_citation',
            url_citation: {
              start_index: quote.length + 1,
              end_index: quote.length + 1 + marker.length,
              title: shownAnswer.citations[0].document.title,
              url: link,
            },
          },
        ],
      },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  footnote: shownAnswer,
}

const chunk = (delta: object) =>
  `data: ${JSON.stringify({
    id: shownAnswer.id,
    created,
    model: 'footnote',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
  })}\n\n`

const noNames = (body: object, form?: FaultForm) =>
  fault(
    { status: 422, code: 'bad-field', title: 'audiences: must be an array of names.', field: 'audiences' },
    { body: { ...body, audiences: 'payments' } },
    form,
  )

const completionFaults = {
  model_not_found: fault(
    {
      status: 404,
      code: 'model_not_found',
      title: 'The model "gpt-9" does not exist here; use one of footnote, footnote-extracts.',
    },
    { body: { model: 'gpt-9', messages } },
    'openai',
  ),
  ...bodyFaults(LIMIT_KB, 'openai'),
  'bad-field': fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'messages: the last one must be of the user: it is the question.',
      field: 'messages',
    },
    { body: { model: 'footnote', messages: [{ role: 'assistant', content: 'Hello.' }] } },
    'openai',
  ),
  audiences: noNames({ model: 'footnote', messages }, 'openai'),
  unsupported_parameter: fault(
    {
      status: 422,
      code: 'unsupported_parameter',
      title: 'n: one answer at a time; leave it out or use 1.',
      field: 'n',
    },
    { body: { model: 'footnote', messages, n: 2 } },
    'openai',
  ),
  ...outage('openai'),
}

const completions: Operation = {
  method: 'post',
  path: '/v1/chat/completions',
  id: 'createChatCompletion',
  tag: 'Chats',
  summary: 'Ask as a client of the OpenAI chat API',
  description:
    'The last user message is the question, those before it the conversation; instructions are ignored, and so are parameters that change nothing here; `audiences` limits what is looked at. Sentences that nothing supports are withheld. With "stream": true chunks, then [DONE]; a fault on the way is a chunk that holds `error`.',
  headers: idempotency,
  body: chatBody,
  replies: {
    200: {
      description: 'The answer as Markdown, and the whole answer object as `footnote`.',
      json: chat.completionShape,
      events: { message: chat.completionEventShape },
    },
    ...faultReplies(completionFaults, 'openai'),
  },
  examples: {
    answer: { summary: 'A question', status: 200, body: { model: 'footnote', messages }, reply: completion },
    limited: {
      summary: 'A question on behalf of some readers',
      status: 200,
      body: { model: 'footnote', messages, audiences: ['payments'] },
    },
    stream: {
      summary: 'The answer as it comes',
      status: 200,
      body: { model: 'footnote-extracts', messages, stream: true, stream_options: { include_usage: true } },
      reply: chunk({ role: 'assistant', content: '' }) + chunk({ content: `${quote} ${marker}` }),
    },
    ...completionFaults,
  },
}

const model = (id: string) => ({ id, object: 'model', created: 0, owned_by: 'footnote' })

const models: Operation = {
  method: 'get',
  path: '/v1/models',
  id: 'listModels',
  tag: 'Chats',
  summary: 'List the names under which the server answers',
  replies: { 200: { description: 'footnote, and footnote-extracts without a model.', json: chat.modelsShape } },
  examples: {
    models: {
      summary: 'Both',
      status: 200,
      reply: { object: 'list', data: [model('footnote'), model('footnote-extracts')] },
    },
  },
}

const modelFaults: Record<string, Example> = {
  model_not_found: fault(
    { status: 404, code: 'model_not_found', title: 'The model "gpt-9" does not exist here.' },
    { parameters: { id: 'gpt-9' } },
    'openai',
  ),
}

const oneModel: Operation = {
  method: 'get',
  path: '/v1/models/{id}',
  pathId: 'the name of a model',
  id: 'getModel',
  tag: 'Chats',
  summary: 'One of them',
  replies: { 200: { description: 'The model.', json: chat.modelShape }, ...faultReplies(modelFaults, 'openai') },
  examples: {
    footnote: { summary: 'footnote', status: 200, parameters: { id: 'footnote' }, reply: model('footnote') },
    ...modelFaults,
  },
}

const said = (text: string) => [{ id: 'msg-1', role: 'user', parts: [{ type: 'text', text }] }]

const uiFaults = {
  ...bodyFaults(LIMIT_KB, 'text'),
  audiences: noNames({ messages: said(QUESTION) }, 'text'),
  'bad-field': fault(
    { status: 422, code: 'bad-field', title: 'messages: the last one is empty.', field: 'messages' },
    { body: { messages: said(' ') } },
    'text',
  ),
  file: fault(
    {
      status: 422,
      code: 'bad-field',
      title: 'messages.0.parts.0: "file" is not supported; send text.',
      field: 'messages.0.parts.0',
    },
    {
      body: {
        messages: [{ id: 'msg-1', role: 'user', parts: [{ type: 'file', mediaType: 'image/png', url: 'data:' }] }],
      },
    },
    'text',
  ),
  ...outage('text'),
}

const begun = [
  { type: 'start', messageId: shownAnswer.id },
  { type: 'text-start', id: 'answer' },
  { type: 'text-delta', id: 'answer', delta: shownAnswer.answer },
  { type: 'data-statement', data: shownAnswer.statements[0] },
]
  .map((part) => `data: ${JSON.stringify(part)}\n\n`)
  .join('')

const ui: Operation = {
  method: 'post',
  path: '/api/chat',
  id: 'uiChat',
  tag: 'Chats',
  summary: 'Ask as a client of the AI SDK',
  description:
    'For useChat: its UI message stream (protocol v1), then [DONE]. The last message is the question; `id` becomes the conversation’s; the trigger regenerate-message asks the model again; `audiences` limits what is looked at. Sentences that nothing supports are withheld. A fault is one sentence of plain text: the AI SDK shows people all of it.',
  body: uiChatBody,
  replies: {
    200: { description: 'The parts of the message.', events: { message: chat.uiChunkShape } },
    ...faultReplies(uiFaults, 'text'),
  },
  examples: {
    answer: {
      summary: 'A question',
      status: 200,
      body: { id: 'chat-1', messages: said(QUESTION), trigger: 'submit-message' },
      reply: begun,
    },
    again: {
      summary: 'The same question, answered again',
      status: 200,
      body: { id: 'chat-1', messages: said(QUESTION), trigger: 'regenerate-message' },
    },
    ...uiFaults,
  },
}

const resume: Operation = {
  method: 'get',
  path: '/api/chat/{id}/stream',
  pathId: 'the id of a chat, as it was sent',
  id: 'resumeUiChat',
  tag: 'Chats',
  summary: 'Take up a chat of the AI SDK again',
  description:
    'What resumeStream asks for: the answer that is under way in this chat, from its beginning. It stops when whoever asked the question leaves; who leaves here stops nothing.',
  replies: {
    200: { description: 'The parts of the message.', events: { message: chat.uiChunkShape } },
    204: { description: 'No answer is under way in this chat.' },
  },
  examples: {
    running: {
      summary: 'An answer under way',
      status: 200,
      parameters: { id: 'chat-1' },
      when: 'running',
      reply: begun,
    },
  },
}

export const chatOperations: readonly Operation[] = [completions, models, oneModel, ui, resume]
