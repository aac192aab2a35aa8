// Keys over HTTP, for `npm run keys` and for whoever holds one with the scope admin: made, listed, revoked.
import { Hono } from 'hono'
import type { KeyStore } from '../../core/access.ts'
import { InputError, NotFoundError } from '../../core/errors.ts'
import { hashOfKey, makeKey, markOf } from '../../core/keys.ts'
import type { Note } from './audit.ts'
import { parseShape, readBody } from './body.ts'
import { libraryOf } from './library.ts'
import { requireToken } from './principal.ts'
import { keyBody } from './schemas-keys.ts'
import { noQuery } from './schemas.ts'
import { toWire } from './wire.ts'

export type KeysRouteDeps = {
  readonly keys: KeyStore
  readonly library: string
  /** that keys are hashed with; null: none is set */
  readonly secret: string | null
  readonly token: string
  readonly note: Note
}

export function keysRoutes({ keys, library, secret, token, note }: KeysRouteDeps): Hono {
  return new Hono()
    .get('/v1/keys', async (c) => {
      requireToken(c, token, 'listing keys')
      parseShape(noQuery, c.req.query(), 'query')
      return c.json(toWire({ keys: await keys.list(library) }))
    })
    .post('/v1/keys', async (c) => {
      requireToken(c, token, 'making keys')
      const { name, scopes, origins, expires_at: expiresAt, library: asked } = await readBody(c, keyBody)
      const holder = { name: name.trim(), scopes: [...new Set(scopes)], origins, library: libraryOf(asked, library) }
      if (secret === null) throw noSecret()
      const { id, text } = makeKey()
      await note(c, 'key-created', id)
      const created = await keys.create({
        ...holder,
        id,
        hash: hashOfKey(text, secret),
        mark: markOf(secret),
        expiresAt,
      })
      c.header('cache-control', 'no-store')
      return c.json({ ...toWire(created), key: text }, 201)
    })
    .delete('/v1/keys/:id', async (c) => {
      requireToken(c, token, 'revoking keys')
      const id = c.req.param('id')
      const isKnown = /^\w{1,80}$/.test(id) && (await keys.list(library)).some((key) => key.id === id && !key.revokedAt)
      if (!isKnown) throw unknownKey(id)
      await note(c, 'key-revoked', id)
      if (!(await keys.revoke(library, id))) throw unknownKey(id)
      return c.json({ id, revoked: true })
    })
}

function unknownKey(id: string): NotFoundError {
  return new NotFoundError(
    'unknown-key',
    `There is no key ${JSON.stringify(id.slice(0, 80))} that is not revoked; npm run keys -- list names them.`,
  )
}

function noSecret(): InputError {
  return new InputError(
    'no-key-secret',
    'KEY_SECRET: it is not set, and all servers of this database hash keys with the same one. Set it for each of them to what this prints: openssl rand -base64 32',
  )
}
