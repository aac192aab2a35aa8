// What keys, sessions and the audit log look like on the wire. The compiler holds it to core/access.ts
// (test/server/http/shapes.test.ts).
import { z } from 'zod'
import { scopes } from '../../core/access.ts'

const moment = z.iso.datetime({ offset: true })
const its = z.array(z.enum(scopes))

export const keyShape = z
  .strictObject({
    id: z.string(),
    library: z.string(),
    name: z.string(),
    scopes: its,
    origins: z.array(z.string()).describe('sites whose pages may show it; none: it is secret'),
    created_at: moment,
    expires_at: moment.nullable().describe('null: never'),
    revoked_at: moment.nullable(),
    issuer: z
      .string()
      .nullable()
      .describe('who vouches for somebody that logs in without a key (OpenID Connect); null: it is a key'),
    last_used_at: moment.nullable().describe('to five minutes; null: never'),
  })
  .describe('A key, without what could open anything.')

export const keysShape = z.strictObject({ keys: z.array(keyShape) })

export const createdKeyShape = z.strictObject({
  ...keyShape.shape,
  key: z.string().describe('the key itself, shown this once'),
})

export const revokedKeyShape = z.strictObject({ id: z.string(), revoked: z.literal(true) })

export const sessionShape = z.strictObject({
  type: z.enum(['local', 'key', 'session']).describe('local: nobody has to log in here'),
  name: z.string().nullable().describe('of the key'),
  scopes: its,
})

export const auditEntryShape = z.strictObject({
  id: z.string(),
  at: moment,
  act: z.enum([
    'key-created',
    'key-revoked',
    'login',
    'login-refused',
    'logout',
    'sync-begun',
    'sync-cancelled',
    'sync-undone',
    'reembedded',
    'documents-sent',
    'document-removed',
  ]),
  actor: z.string().describe('local, or key: or session: and the id of a key'),
  subject: z.string().nullable().describe('what it was done to, by id or name'),
})

export const auditShape = z.strictObject({
  entries: z.array(auditEntryShape),
  next: z.string().nullable().describe('there is more: the next page is `after` this id'),
})
