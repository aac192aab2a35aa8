// GET /v1/suggestions and /v1/answers/:id/suggestions: what could be asked here, and what next.
import { Hono } from 'hono'
import { NotFoundError } from '../../core/errors.ts'
import { type SuggestDeps, suggesting } from '../answer/suggest.ts'
import { parseShape } from './body.ts'
import { pathId, suggestionsQuery } from './schemas.ts'

export function suggestionsRoutes(deps: SuggestDeps): Hono {
  const { general, after } = suggesting(deps)
  return new Hono()
    .get('/v1/suggestions', async (c) => {
      const { limit } = parseShape(suggestionsQuery, c.req.query(), 'query')
      return c.json({ suggestions: await general(limit) })
    })
    .get('/v1/answers/:id/suggestions', async (c) => {
      const { limit } = parseShape(suggestionsQuery, c.req.query(), 'query')
      const id = pathId(c.req.param('id'), 'answer')
      const suggestions = await after(id, limit)
      if (!suggestions) throw new NotFoundError('unknown-answer', `There is no finished answer ${JSON.stringify(id)}.`)
      return c.json({ suggestions })
    })
}
