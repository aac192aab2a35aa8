// Operations as OpenAPI has them. An example of ours is a request and its reply, which OpenAPI keeps apart: its parts
// stand under one name at the parameters, the body and the response, and what no part can hold in `x-` fields there.
import { z } from 'zod'
import { rules } from './access.ts'
import { isOpenAiPath } from './failure.ts'
import { type Example, limitReplies, type Operation, type Reply } from './openapi-operation.ts'
import { refTo } from './openapi-names.ts'

type Paths = Record<string, Record<string, object>>
type Named = readonly (readonly [name: string, example: Example])[]

export function toOpenApi(operations: readonly Operation[]): Paths {
  const paths: Paths = {}
  for (const each of operations) (paths[each.path] ??= {})[each.method] = operationOf(each)
  return paths
}

function operationOf(each: Operation): object {
  const examples = Object.entries(each.examples)
  const parameters = parametersOf(each, examples)
  const replies = Object.entries({ ...limitsOf(each), ...each.replies }).map(([status, reply]) => [
    status,
    replyOf(
      reply,
      Number(status),
      examples.filter(([, example]) => String(example.status) === status),
    ),
  ])
  return {
    operationId: each.id,
    tags: [each.tag],
    summary: each.summary,
    ...(each.description === undefined ? {} : { description: each.description }),
    ...(each.isSecured ? { security: [{ token: [] }] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(each.body === undefined ? {} : { requestBody: { required: true, content: bodyOf(each.body, examples) } }),
    responses: Object.fromEntries(replies) as object,
  }
}

function limitsOf({ method, path }: Operation): Operation['replies'] {
  const rule = rules.get(`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`)
  if (rule === undefined || rule.traffic === 'free') return {}
  return limitReplies(isOpenAiPath(path) ? 'openai' : path.startsWith('/api/chat') ? 'text' : 'problem')
}

function parametersOf({ path, pathId, query, headers = {} }: Operation, examples: Named): object[] {
  const shown = (name: string, typed: (written: string) => unknown = String) =>
    shownExamples(
      examples,
      ({ parameters }) => parameters?.[name] !== undefined,
      ({ parameters }) => typed(parameters?.[name] ?? ''),
    )
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: pathId,
    schema: { type: 'string' },
    ...shown(name),
  }))
  const { properties = {} } = query === undefined ? {} : z.toJSONSchema(query, { io: 'input' })
  const inQuery = Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { readonly description?: string }
    const isNumber = 'type' in rest && (rest.type === 'integer' || rest.type === 'number')
    const examples = shown(name, isNumber ? Number : String)
    return { name, in: 'query', ...(description === undefined ? {} : { description }), schema: rest, ...examples }
  })
  const inHeaders = Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
    ...shown(name),
  }))
  return [...inPath, ...inQuery, ...inHeaders]
}

function bodyOf(body: z.ZodType, examples: Named): object {
  const shown = shownExamples(
    examples,
    (each) => each.body !== undefined,
    (each) => each.body,
  )
  return { 'application/json': { schema: refTo(body), ...shown } }
}

function replyOf(reply: Reply, status: number, examples: Named): object {
  const { description, json, events, lines, isText, type = 'application/json' } = reply
  const isStreamed = (example: Example) =>
    events !== undefined && (json === undefined || typeof example.reply === 'string')
  const ofType = (streamed: boolean) =>
    shownExamples(
      examples,
      (each) => isStreamed(each) === streamed,
      (each) => each.reply,
      ({ request, when }) => ({ ...(request && { 'x-request': request }), ...(when && { 'x-when': when }) }),
    )
  const isEmpty = !json && !events && !lines && !isText
  const { examples: emptied } = ofType(false) as { readonly examples?: object }
  const streamed = { schema: { type: 'string' }, ...ofType(true) }
  return {
    description,
    ...(status === 429 || status === 503
      ? { headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } } }
      : {}),
    // Where there is no body, nothing of OpenAPI's has room for examples.
    ...(isEmpty && { 'x-examples': emptied }),
    content: {
      ...(isText && { 'text/plain': { schema: { type: 'string' }, ...ofType(false) } }),
      ...(json && { [type]: { schema: refTo(json), ...ofType(false) } }),
      ...(events && { 'text/event-stream': { ...streamed, 'x-events': refsTo(events) } }),
      ...(lines && {
        'application/x-ndjson': { schema: { type: 'string' }, ...ofType(false), 'x-lines': refTo(lines) },
      }),
    },
  }
}

function refsTo(shapes: Readonly<Record<string, z.ZodType>>): object {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, refTo(shape)]))
}

function shownExamples(
  examples: Named,
  isShown: (example: Example) => boolean,
  valueOf: (example: Example) => unknown,
  more: (example: Example) => object = () => ({}),
): object {
  const shown = examples.filter(([, example]) => isShown(example))
  if (shown.length === 0) return {}
  return {
    examples: Object.fromEntries(
      shown.map(([name, example]) => {
        const value = valueOf(example)
        return [name, { summary: example.summary, ...(value === undefined ? {} : { value }), ...more(example) }]
      }),
    ),
  }
}
