// The documents behind the citations: what the library holds, and the exact text that offsets index.
import { Hono } from 'hono'
import { NotFoundError } from '../../core/errors.ts'
import type { DocumentStore } from '../../core/ports.ts'
import { parseShape } from './body.ts'
import { listQuery, pathId, revisionQuery } from './schemas.ts'
import { toWire } from './wire.ts'

export function documentsRoutes(deps: { readonly documents: DocumentStore; readonly library: string }): Hono {
  const { documents, library } = deps
  return new Hono()
    .get('/v1/documents', async (c) => {
      const { limit, after } = parseShape(listQuery, c.req.query(), 'query')
      // One more than asked for tells whether there is a next page.
      const found = await documents.list(library, limit + 1, after)
      const page = found.slice(0, limit)
      const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
      return c.json(toWire({ documents: page, next }) as object)
    })
    .get('/v1/documents/:id', async (c) => {
      const id = pathId(c.req.param('id'), 'document')
      const { revision } = parseShape(revisionQuery, c.req.query(), 'query')
      const found = await documents.find(library, id, revision)
      if (found) return c.json(toWire(found) as object)
      const what = revision ? `${id} in revision ${revision}` : id
      throw new NotFoundError('unknown-document', `There is no document ${JSON.stringify(what.slice(0, 160))}.`)
    })
}
