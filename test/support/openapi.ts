// Reads an OpenAPI document as a client does: its operations, the requests that its examples make, its schemas.
import { createParser } from 'eventsource-parser'
import { z } from 'zod'

const ref = z.strictObject({ $ref: z.string() })
const shown = z.strictObject({
  summary: z.string().min(1),
  value: z.unknown().optional(),
  'x-request': z
    .strictObject({
      headers: z.record(z.string(), z.string()).optional(),
      text: z.string().optional(),
      bytes: z.int().optional(),
    })
    .optional(),
  'x-when': z.string().optional(),
})
const examples = z.record(z.string(), shown).default({})
const media = z.looseObject({
  schema: z.union([ref, z.strictObject({ type: z.literal('string') })]),
  examples,
  'x-events': z.record(z.string(), ref).optional(),
  'x-lines': ref.optional(),
})
const operation = z.strictObject({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean().optional(),
        schema: z.unknown(),
        examples,
      }),
    )
    .default([]),
  requestBody: z.looseObject({ content: z.strictObject({ 'application/json': media }) }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), media), 'x-examples': examples })),
})
const document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.partialRecord(z.enum(['get', 'post', 'patch', 'delete']), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
})

export type OpenApi = z.output<typeof document>
type Media = z.output<typeof media>
type Operation = z.output<typeof operation>

/** One request that the document shows, and the reply that it promises. */
export type Shown = {
  readonly title: string
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly isSecured: boolean
  readonly when: string | undefined
  readonly status: number
  readonly type: string
  readonly media: Media
  readonly value: unknown
}

export function readOpenApi(value: unknown): OpenApi {
  return document.parse(value)
}

export function operationsOf({ paths }: OpenApi): { method: string; path: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

/** Every example of every response, with the request that belongs to it: the parts that have the same name. */
export function shownIn(api: OpenApi): Shown[] {
  return operationsOf(api).flatMap(({ method, path, operation }) =>
    Object.entries(operation.responses).flatMap(([status, response]) =>
      Object.entries(contentOf(response)).flatMap(([type, media]) =>
        Object.entries(media.examples).map(([name, example]): Shown => {
          const { address, headers } = place(path, operation, name)
          const request = example['x-request']
          return {
            title: `${method} ${path}: ${name}`,
            name,
            method,
            path: address,
            headers: { ...headers, ...request?.headers },
            body: request?.text ?? (request?.bytes ? 'x'.repeat(request.bytes) : bodyOf(operation, name)),
            isSecured: operation.security !== undefined,
            when: example['x-when'],
            status: Number(status),
            type,
            media,
            value: example.value,
          }
        }),
      ),
    ),
  )
}

type Replied = Operation['responses'][string]

/** By media type; a reply without a body has none, and stands under ''. */
export function contentOf({ content, 'x-examples': examples }: Replied): Record<string, Media> {
  return Object.keys(examples).length === 0 ? content : { '': { schema: { type: 'string' }, examples } }
}

/** A part that has no example of the name is left out; where it must not be, its first one is taken. */
function place(path: string, { parameters, requestBody }: Operation, name: string) {
  let address = path
  const query = new URLSearchParams()
  const headers: Record<string, string> = requestBody ? { 'content-type': 'application/json' } : {}
  for (const parameter of parameters) {
    const own = parameter.examples[name] ?? (parameter.required ? Object.values(parameter.examples)[0] : undefined)
    if (own === undefined) continue
    const value = String(z.union([z.string(), z.number()]).parse(own.value))
    if (parameter.in === 'path') address = address.replace(`{${parameter.name}}`, encodeURIComponent(value))
    else if (parameter.in === 'query') query.set(parameter.name, value)
    else headers[parameter.name] = value
  }
  return { address: query.size > 0 ? `${address}?${query.toString()}` : address, headers }
}

function bodyOf({ requestBody }: Operation, name: string): string | undefined {
  if (!requestBody) return undefined
  const { examples } = requestBody.content['application/json']
  return JSON.stringify((examples[name] ?? Object.values(examples)[0])?.value)
}

const local = (schema: object): Record<string, never> =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/')) as Record<string, never>

export type Check = (value: unknown, schema: object) => void

/** Checks values against the schemas of a document, and nothing else: our own shapes have no say. */
export function checkerOf({ components }: OpenApi): Check {
  const $defs = local(components.schemas)
  const made = new Map<string, z.ZodType>()
  return (value, schema) => {
    const key = JSON.stringify(schema)
    const shape = made.get(key) ?? z.fromJSONSchema({ ...local(schema), $defs })
    made.set(key, shape)
    shape.parse(value)
  }
}

/** The payload of each event with its name, as the standard has it: without a name it is a `message`. */
function eventsIn(text: string): { name: string; payload: string }[] {
  const events: { name: string; payload: string }[] = []
  const parser = createParser({
    onEvent: ({ event = 'message', ...rest }) => events.push({ name: event, payload: rest.data }),
  })
  parser.feed(text)
  return events
}

/** A body of any kind: each event of a stream by its name, each line of lines, or the whole. */
export function checkBody(text: string, media: Media, check: Check): void {
  const { 'x-events': events, 'x-lines': line, schema } = media
  if (line) for (const each of text.trim().split('\n')) check(JSON.parse(each), line)
  else if (!events) check('$ref' in schema ? JSON.parse(text) : text, schema)
  else
    for (const { name, payload } of eventsIn(text)) {
      const shape = events[name]
      if (!shape) throw new Error(`The document knows no event ${name}.`)
      if (payload !== '[DONE]') check(JSON.parse(payload), shape)
    }
}

/** What the document says of a reply that came. Throws when it says nothing. */
export function mediaOf(api: OpenApi, method: 'get' | 'post' | 'delete', path: string, response: Response): Media {
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const media = api.paths[path]?.[method]?.responses[String(response.status)]?.content[type]
  if (!media) throw new Error(`The document knows no ${response.status} ${type} of ${method} ${path}.`)
  return media
}
