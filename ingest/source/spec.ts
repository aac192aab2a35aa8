// What may stand in sources.yaml about one source: a shape per kind, with the sentences of its refusals.
import { z } from 'zod'
import { audienceName, isAudienceName } from '../../core/audience.ts'
import { allowedHost } from '../fetch/address.ts'
import { toUrl } from '../fetch/web-url.ts'
import { parseSchedule } from './schedule.ts'

const text = (what: string) => z.string({ error: `must be a text: ${what}` }).min(1, `is empty: ${what}`)

const webUrl = text('a web address such as https://example.com/docs').refine((written) => toUrl(written) !== null, {
  error: 'is not a web address: write http:// or https://, without a user name',
})
const glob = text('a pattern such as docs/**/*.md')
const audience = text('the name of a group, such as payments')
  .transform(audienceName)
  .refine(isAudienceName, { error: 'cannot be a name: write a text of 1 to 200 characters' })
const schedule = text('such as "every 6h" or "daily 03:00"').refine((written) => parseSchedule(written) !== null, {
  error: 'is no schedule: write "every 30m", "every 6h", "every 2d" or "daily 03:00" (UTC)',
})
const host = text('a host such as docs.example.com')
  .transform((written) => allowedHost(written) ?? '')
  .refine((found) => found !== '', {
    error: 'is not a host: write one name or address, with :port or without, nothing else',
  })
const whole = (from: number, to: number) => {
  const error = `must be a whole number from ${from} to ${to}`
  return z.int({ error }).min(from, error).max(to, error)
}
const listOf = <T extends z.ZodType>(each: T) => z.array(each, { error: 'must be a list: [one, two]' })

const common = {
  name: text('what this source is called').max(100, 'is longer than 100 characters'),
  include: listOf(glob).default([]),
  exclude: listOf(glob).default([]),
  audience: listOf(audience).max(100, 'has more than 100 names').default([]),
  schedule: schedule.nullable().default(null),
}

/** What of a source can be judged although its kind is none. */
export const commonShape = z.looseObject(common)

const hosts = listOf(host).default([])
const column = text('the name of a field')
const columns = z
  .strictObject({
    id: column.optional(),
    title: column.optional(),
    text: column.optional(),
    url: column.optional(),
    published_at: column.optional(),
    authors: column.optional(),
    audience: column.optional(),
  })
  .default({})
const formats = ['markdown', 'text', 'html'] as const
const format = z.enum(formats, { error: `must be one of ${formats.join(', ')}` }).default('text')
const delimiter = z.string().length(1, 'must be one character').default(',')
const ref = text('a branch or tag').regex(
  /^[\w][\w./-]{0,199}$/,
  'is no branch or tag: letters, digits, ".", "/" and "-"',
)
const path = text('a path, from the folder of this file')

const sourceSpec = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ ...common, kind: z.literal('folder'), path }),
    z.strictObject({
      ...common,
      kind: z.literal('url'),
      urls: listOf(webUrl).min(1, 'is empty: name at least one address'),
    }),
    z.strictObject({
      ...common,
      kind: z.literal('sitemap'),
      url: webUrl,
      hosts,
      pages: whole(1, 100_000).default(10_000),
    }),
    z.strictObject({ ...common, kind: z.literal('feed'), url: webUrl, hosts }),
    z.strictObject({
      ...common,
      kind: z.literal('crawl'),
      url: webUrl,
      hosts,
      depth: whole(0, 50).default(5),
      pages: whole(1, 20_000).default(1_000),
    }),
    z.strictObject({
      ...common,
      kind: z.literal('git'),
      repository: text('a path, or an https or ssh URL'),
      ref: ref.default('HEAD'),
    }),
    z.strictObject({ ...common, kind: z.literal('jsonl'), path, columns, format }),
    z.strictObject({ ...common, kind: z.literal('csv'), path, columns, format, delimiter }),
    z.strictObject({ ...common, kind: z.literal('stdin'), format }),
  ],
  { error: (issue) => (issue.code === 'invalid_union' ? `must be one of ${kindNames.join(', ')}` : undefined) },
)

const kindNames = ['folder', 'url', 'sitemap', 'feed', 'crawl', 'git', 'jsonl', 'csv', 'stdin'] as const

export const sourcesShape = z.strictObject({
  /** private hosts, and ports of one host, that sources may be read from */
  allowHosts: listOf(host).default([]),
  /** ports of public hosts, besides 80 and 443 */
  allowPorts: listOf(whole(1, 65_535)).default([]),
  sources: listOf(sourceSpec).min(1, 'is empty: describe at least one source'),
})

export type SourceSpec = z.output<typeof sourceSpec>
export type SpecOf<Kind extends SourceSpec['kind']> = Extract<SourceSpec, { kind: Kind }>
export type Sources = z.output<typeof sourcesShape>
