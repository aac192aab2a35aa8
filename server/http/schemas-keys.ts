// What the routes of keys, sessions and the audit log accept.
import { z } from 'zod'
import { scopes } from '../../core/access.ts'
import { isOriginList } from '../../core/sites.ts'
import { listQuery, ownLibrary } from './schemas.ts'

const scopesFault = `must name one or more of ${scopes.join(', ')}`

export const keyBody = z
  .strictObject({
    name: z
      .string('must be a string')
      .trim()
      .min(1, 'is empty')
      .max(80, 'is longer than 80 characters')
      .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'contains a control character')
      .describe('whose it is or what it is for, to know it by'),
    scopes: z
      .array(z.enum(scopes, scopesFault), scopesFault)
      .min(1, scopesFault)
      .max(scopes.length, scopesFault)
      .describe('none of them contains another'),
    expires_at: z.iso
      .datetime({ offset: true, error: 'must be a date and a time such as 2027-01-31T00:00:00Z, or null for never' })
      .refine((at) => Date.parse(at) > Date.now(), 'lies in the past')
      .nullable(),
    origins: z
      .array(
        z
          .string()
          .refine((site) => !site.includes(',') && isOriginList(site), 'is no site like https://docs.example.com'),
        'must be an array of sites',
      )
      .max(50, 'holds more than 50 sites')
      .default([])
      .describe('sites whose pages may show it: it is then no secret, and may do what the widget does'),
    library: ownLibrary,
  })
  .refine(({ origins, scopes }) => origins.length === 0 || scopes.every((scope) => scope === 'ask'), {
    error: 'must be ask alone where there are origins: everybody can read a key that stands in a page',
    path: ['scopes'],
  })

export const sessionBody = z.strictObject({
  key: z.string('must be a string').max(200, 'is longer than 200 characters').describe('a key with the scope ask'),
})

const auditPlace = 'is no place in this list'

export const auditQuery = z.strictObject({
  limit: listQuery.shape.limit,
  after: z
    .string()
    .regex(/^\d{1,18}$/, auditPlace)
    .optional()
    .describe('the field next of the page before'),
})
