// What programs read about this server: GET /schemas/citation.json, the shape of a citation, and GET /openapi.json.
import { Hono } from 'hono'
import { z } from 'zod'
import { openApiDocument } from './openapi.ts'
import { citationShape } from './schemas.ts'

export function publishedRoutes(): Hono {
  const citation = { title: 'A citation of Footnote', ...z.toJSONSchema(citationShape) }
  // Made on first use: most processes are never asked for it.
  let openApi: object | null = null
  return new Hono()
    .get('/schemas/citation.json', (c) => c.json(citation, 200, { 'content-type': 'application/schema+json' }))
    .get('/openapi.json', (c) => c.json((openApi ??= openApiDocument())))
}
