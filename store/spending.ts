// What the model has cost, by library and day. Reserving is one statement on one row: calls of any number of processes
// that are made at once queue for it, and together cannot exceed the limit.
import type { SpendingStore } from '../core/spending.ts'
import type { Database } from './database.ts'

// The day of the database's clock in UTC, so that servers in different places mean the same day.
const TODAY = `(now() at time zone 'utc')::date`

export function spendingStore(database: Database): SpendingStore {
  return {
    reserve: async (library, usd, limitUsd) => {
      const [row] = await database.query<{ day: string }>(
        `insert into spending as s (library_id, day, reserved_usd)
         select $1, ${TODAY}, $2::numeric where $2::numeric <= $3::numeric
         on conflict (library_id, day) do update set reserved_usd = s.reserved_usd + $2::numeric
           where s.spent_usd + s.reserved_usd + $2::numeric <= $3::numeric
         returning day::text`,
        [library, usd, limitUsd],
      )
      return row ? { day: row.day, usd } : null
    },
    settle: async (library, { inputTokens, outputTokens, costUsd }, reserved) => {
      await database.query(
        `insert into spending as s (library_id, day, calls, input_tokens, output_tokens, spent_usd)
         values ($1, coalesce($2::date, ${TODAY}), 1, $3, $4, $5)
         on conflict (library_id, day) do update set
           calls = s.calls + 1,
           input_tokens = s.input_tokens + excluded.input_tokens,
           output_tokens = s.output_tokens + excluded.output_tokens,
           spent_usd = s.spent_usd + excluded.spent_usd,
           reserved_usd = s.reserved_usd - $6::numeric`,
        [library, reserved?.day ?? null, inputTokens, outputTokens, costUsd, reserved?.usd ?? 0],
      )
    },
  }
}
