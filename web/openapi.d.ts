// What the page reads of /openapi.json.
export type Schema = {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  [limit: string]: unknown
}
type Shown = {
  summary: string
  value?: unknown
  'x-request'?: { headers?: Record<string, string>; text?: string; bytes?: number }
  'x-when'?: string
}
export type Examples = Record<string, Shown>
export type Media = {
  schema: Schema
  examples?: Examples
  'x-events'?: Record<string, Schema>
  'x-lines'?: Schema
}
type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  description?: string
  schema: Schema
  examples?: Examples
}
export type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security?: unknown[]
  parameters?: Parameter[]
  requestBody?: { content: { 'application/json': Media } }
  responses: Record<string, { description: string; content: Record<string, Media>; 'x-examples'?: Examples }>
}
export type Route = { method: string; path: string; operation: Operation }
export type OpenApi = {
  info: { title: string; version: string; description: string }
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}
/** A request as the page sends it and as curl does. */
export type Sent = {
  name: string
  status: string
  summary: string
  when: string | undefined
  bytes: number | undefined
  reply: unknown
  parameters: Record<string, string>
  headers: Record<string, string>
  body: string | undefined
}
