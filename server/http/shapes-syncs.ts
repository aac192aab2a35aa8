// What syncs look like on the wire. The compiler holds it to core/syncs.ts (test/server/http/shapes.test.ts).
import { z } from 'zod'
import { count } from './shapes.ts'

const moment = z.iso.datetime({ offset: true })
const usd = z.number().nonnegative().nullable().describe('what embedding cost; null: the model has no price')

export const ingestReportShape = z
  .strictObject({
    learned: count.describe('that were not there before'),
    changed: count,
    restored: count.describe('by an undo: put back as they were before'),
    removed: count,
    kept: count.describe('gone, and not removed because too many were'),
    unchanged: count,
    failed: count,
    skipped: count,
    chunks: count,
    embedded: count.describe('chunks whose words were not known'),
    tokens: count.describe('that were embedded, about; 0 for the built-in embedder'),
    usd,
    bytes: count.describe('read'),
    ms: count,
  })
  .describe('What an ingest did, in numbers.')

export const syncShape = z
  .strictObject({
    id: z.string(),
    trigger: z.enum(['start', 'command', 'upload', 'schedule', 'undo']),
    roots: z
      .array(z.string())
      .describe(
        'what was asked for: folders, files, `source:` and the name of one of sources.yaml, uploads, or the sync that was undone',
      ),
    state: z
      .enum(['running', 'finished', 'interrupted', 'cancelled', 'failed'])
      .describe('interrupted: its process ended before it did'),
    began_at: moment,
    ended_at: moment.nullable(),
    total: count.describe('sources that were found, and documents to be removed'),
    done: count,
    reading: z.string().nullable().describe('the name of the source that is read'),
    report: ingestReportShape,
    fault: z.strictObject({ code: z.string(), message: z.string() }).nullable().describe('why it failed'),
    undone_by: z.string().nullable().describe('the sync that took back what this one changed'),
  })
  .describe('One run of an ingest.')

export const syncsShape = z.strictObject({
  syncs: z.array(syncShape),
  next: z.string().nullable().describe('there is more: the next page is `after` this id'),
})

const outcomeShape = z
  .strictObject({
    type: z
      .enum(['learned', 'changed', 'restored', 'removed', 'kept', 'failed', 'skipped'])
      .describe('restored: an undo put it back; kept: it is gone, and too many were for it to be removed'),
    source: z.string(),
    document: z.string().nullable().describe('the id of the document'),
    code: z.string().nullable(),
    message: z.string().nullable(),
  })
  .describe('What a sync did to one source.')

const failedSource = z.strictObject({ source: z.string(), message: z.string() })

export const syncDetailShape = z.strictObject({
  ...syncShape.shape,
  outcomes: z.array(outcomeShape).describe('of each source that is not unchanged; the first 1000'),
  failures: z
    .array(z.strictObject({ code: z.string(), sources: z.array(failedSource) }))
    .describe('those that failed, by their reason'),
})

export const cancelShape = z.strictObject({
  id: z.string(),
  cancelled: z.boolean().describe('false: it had ended before'),
})

const failureShape = z.strictObject({ source: z.string(), code: z.string(), message: z.string() })

const originShape = { name: z.string(), kind: z.string(), schedule: z.string().nullable().describe('as it is written') }

export const libraryShape = z
  .strictObject({
    library: z.string(),
    documents: count,
    chunks: count,
    model: z.string().nullable().describe('null: answers are verbatim extracts'),
    uploads: z.boolean().describe('whoever asks may add documents by POST /v1/documents'),
    last_sync: syncShape.nullable().describe('the last one that has ended'),
    running: z.string().nullable().describe('the id of a sync that runs'),
    sources: z
      .array(z.strictObject({ ...originShape, next_at: moment.nullable().describe('when it is read again by itself') }))
      .describe('those of sources.yaml; none while it cannot be read'),
    failures: z.array(failureShape).describe('sources that cannot be learned as they are at present; the first 100'),
  })
  .describe('The state of the library.')

export const uploadedShape = z.strictObject({
  sync: z.string(),
  documents: z.array(
    z.strictObject({
      id: z.string(),
      source: z.string(),
      outcome: z.enum(['learned', 'changed', 'unchanged']),
    }),
  ),
  failures: z.array(failureShape).describe('of several files, those that cannot be learned'),
})

export const removedShape = z.strictObject({ id: z.string(), removed: z.literal(true), sync: z.string() })

const some = z.strictObject({ count, some: z.array(z.string()).describe('the first 12') })

export const planShape = z
  .strictObject({
    added: some,
    changed: some,
    removed: some,
    failed: z.strictObject({ count, some: z.array(failureShape) }),
    unchanged: count,
    skipped: count,
    bytes: count,
    chunks: count,
    embedded: count.describe('chunks whose words are not known'),
    tokens: count.describe('that would be embedded, about; 0 for the built-in embedder'),
    usd,
    ms: count.nullable().describe('by the speed of the last syncs; null: there was none to go by'),
    refused: z
      .string()
      .nullable()
      .describe('why such a sync would stop before it changed anything, or keep what is gone'),
    sources: z
      .array(
        z.strictObject({
          ...originShape,
          added: count,
          changed: count,
          removed: count,
          failed: count,
          unchanged: count,
          skipped: count,
          complete: z.boolean().describe('all that there is was named'),
        }),
      )
      .describe('of which these are those of sources.yaml'),
  })
  .describe('What a sync would do.')

const outcome = { source: z.string(), bytes: count }

/** One line of an ingest each. */
export const ingestLineShape = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('began'), sync: z.string() }),
  z.strictObject({
    type: z.literal('found'),
    files: count,
    gone: count.describe('documents that will be removed'),
    skipped: z.array(z.strictObject({ source: z.string(), reason: z.string() })),
  }),
  z.strictObject({ type: z.literal('reading'), name: z.string(), kind: z.string() }),
  z.strictObject({ type: z.literal('kept'), sources: z.array(z.string()), message: z.string() }),
  z.strictObject({
    type: z.enum(['learned', 'changed']),
    ...outcome,
    chunks: count,
    embedded: count,
    tokens: count,
    note: z.string().exactOptional().describe('what its owner should know although it was learned'),
  }),
  z.strictObject({ type: z.literal('restored'), ...outcome, chunks: count, embedded: count, tokens: count }),
  z.strictObject({ type: z.literal('unchanged'), ...outcome }),
  z.strictObject({ type: z.literal('removed'), source: z.string() }),
  z.strictObject({ type: z.literal('failed'), ...failureShape.shape }),
  z.strictObject({ type: z.literal('finished'), report: ingestReportShape }),
  z.strictObject({ type: z.literal('error'), code: z.string(), message: z.string() }),
])
