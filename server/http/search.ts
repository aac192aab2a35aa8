// POST /v1/search: the passages an answer would be made from.
import { Hono } from 'hono'
import { search, type SearchDeps } from '../answer/search.ts'
import { readBody } from './body.ts'
import { libraryOf } from './library.ts'
import { searchBody } from './schemas.ts'
import { toWire } from './wire.ts'

export function searchRoutes(deps: SearchDeps & { readonly library: string }): Hono {
  return new Hono().post('/v1/search', async (c) => {
    const body = await readBody(c, searchBody)
    const library = libraryOf(body.library, deps.library)
    const began = performance.now()
    const limited = { ...deps, ...(body.audiences && { audiences: body.audiences }) }
    const { found, passages } = await search(body.query.trim(), library, limited, c.req.raw.signal)
    const flagged = found.wordsOnly && { wordsOnly: found.wordsOnly }
    const timingsMs = { total: performance.now() - began }
    return c.json(toWire({ query: body.query.trim(), passages, ...flagged, timingsMs }))
  })
}
