// GET /schemas/citation.json: the shape of a citation, for programs that check what they are given.
import { Hono } from 'hono'
import { z } from 'zod'
import { citationShape } from './schemas.ts'

export function publishedRoutes(): Hono {
  const citation = { title: 'A citation of Footnote', ...z.toJSONSchema(citationShape) }
  return new Hono().get('/schemas/citation.json', (c) =>
    c.json(citation, 200, { 'content-type': 'application/schema+json' }),
  )
}
