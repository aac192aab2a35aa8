// The documents behind the citations: what the library holds, and the exact text that offsets index.
import { Hono } from 'hono'
import { NotFoundError } from '../../core/errors.ts'
import type { DocumentStore, DocumentText } from '../../core/ports.ts'
import { parseShape } from './body.ts'
import { documentsQuery, pathId, revisionQuery } from './schemas.ts'
import { toWire } from './wire.ts'

export type DocumentsDeps = { readonly documents: DocumentStore; readonly library: string }

export function documentsRoutes(deps: DocumentsDeps): Hono {
  const { documents, library } = deps
  return new Hono()
    .get('/v1/documents', async (c) => {
      const { limit, after, q } = parseShape(documentsQuery, c.req.query(), 'query')
      // One more than asked for tells whether there is a next page.
      const found = await documents.list(library, limit + 1, after, q?.trim())
      const page = found.slice(0, limit)
      const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
      return c.json(toWire({ documents: page, next }))
    })
    .get('/v1/documents/:id', async (c) => {
      const { revision } = parseShape(revisionQuery, c.req.query(), 'query')
      return c.json(toWire(await findDocument(c.req.param('id'), revision, deps)))
    })
}

/** Throws NotFoundError, whatever stands in place of an id. */
export async function findDocument(
  id: string,
  revision: string | undefined,
  { documents, library }: DocumentsDeps,
): Promise<DocumentText> {
  const found = await documents.find(library, pathId(id, 'document'), revision)
  if (found) return found
  const what = revision ? `${id} in revision ${revision}` : id
  throw new NotFoundError('unknown-document', `There is no document ${JSON.stringify(what.slice(0, 160))}.`)
}
