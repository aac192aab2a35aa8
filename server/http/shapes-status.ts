// What the server tells of itself, on the wire. The compiler holds it to core/reports.ts (test/server/http/shapes.test.ts).
import { z } from 'zod'
import { count } from './shapes.ts'

export const pingShape = z.strictObject({
  n: z.int().positive(),
  of: z.int().positive(),
  ms: z.number().nonnegative().describe('since the request came'),
  host: z.string().exactOptional().describe('of the first one: under which name the request came'),
})

export const statusShape = z
  .strictObject({
    schema: z.strictObject({
      postgres: z.string(),
      pgvector: z.string().nullable().describe('null: it is not in this database'),
      missing: z.array(z.string()).describe('migrations that were not applied'),
      unknown: z.array(z.string()).describe('migrations of a newer program'),
    }),
    bytes: count.describe('of the whole database, by its own account'),
    library: z
      .strictObject({
        documents: count,
        chunks: count,
        changed_at: z.string().nullable().describe('when a document was last learned'),
        space: z.string().nullable().describe('the embedding space of its vectors'),
        answers: z.strictObject({ answered: count, abstained: count, stopped: count }),
        ratings: z.strictObject({ up: count, down: count }),
        today: z.strictObject({ calls: count, spent_usd: z.number(), reserved_usd: z.number() }),
      })
      .nullable()
      .describe('null: the schema is not that of this program'),
  })
  .describe('What is in the store.')

export const gapShape = z.strictObject({
  count: z.int().positive().describe('how often something of it was asked'),
  questions: z.array(z.string()).describe('some of them, the most typical one first'),
  last_asked_at: z.iso.datetime({ offset: true }),
  refused: count,
  disliked: count.describe('answers with a thumb down'),
  nearest: z
    .strictObject({ id: z.string(), title: z.string(), source: z.string() })
    .nullable()
    .describe('the document that came nearest most often; null: none did'),
})

export const gapsShape = z
  .strictObject({
    since: z.string(),
    questions: count.describe('of which the gaps are made, the newest 2,000 at most'),
    gaps: z.array(gapShape).describe('the most asked first, 100 at most'),
  })
  .describe('What was refused or judged badly, by subject.')

const lacking = z.strictObject({
  count,
  some: z.array(z.strictObject({ source: z.string(), headings: z.array(z.string()), text: z.string() })),
})

export const indexReportShape = z
  .strictObject({
    chunks: count,
    recorded_chunks: count.describe('what searches take for that number'),
    without_vector: lacking,
    without_signs: lacking,
    without_words: lacking,
    stray_words: count.describe('chunks of the word index that there are not'),
    miscounted_words: count.describe('words whose number of chunks is not the recorded one'),
    empty_documents: z.strictObject({ count, some: z.array(z.string()) }),
    old_chunks: count.describe('of revisions that are not current'),
  })
  .describe('Figures that must agree.')
