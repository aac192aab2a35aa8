// Events of many answers in one statement: what gathers in this process while one group is being stored is the next one.
// A statement for each answer cost 2 ms of CPU, of both sides together, and a row of a group of 200 costs 37 µs.
import { StoreError } from '../core/errors.ts'
import type { AnswerStore } from '../core/ports.ts'
import { isTerminal, type StoredEvent } from '../core/types.ts'
import { textsParameter } from './binary.ts'
import { type Database, toJson } from './database.ts'

type Append = AnswerStore['append']

type Waiting = {
  readonly library: string
  readonly id: string
  readonly events: readonly StoredEvent[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** `alone` stores what ends an answer, and tells which answer it is that a group cannot be stored with. */
export function inGroups(database: Database, alone: Append): Append {
  let waiting: Waiting[] = []
  let isStoring = false
  const storeAll = async () => {
    isStoring = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await store(database, group, alone)
    }
    isStoring = false
  }
  return async (library, id, events) => {
    if (events.length === 0 || events.some(({ event }) => isTerminal(event))) return await alone(library, id, events)
    await new Promise<void>((resolve, reject) => {
      waiting.push({ library, id, events, resolve, reject })
      if (!isStoring) void storeAll()
    })
  }
}

/** Never throws: everyone who waits is told. */
async function store(database: Database, group: readonly Waiting[], alone: Append): Promise<void> {
  try {
    await insert(database, group)
    for (const { resolve } of group) resolve()
  } catch (error) {
    // One answer that has ended or was removed makes the database refuse all of them. What it refuses to none, because it
    // is gone or busy, it would refuse to each.
    const isRefused = error instanceof StoreError && !error.retryable
    for (const { library, id, events, resolve, reject } of group)
      if (isRefused) alone(library, id, events).then(resolve, reject)
      else reject(error)
  }
}

async function insert(database: Database, group: readonly Waiting[]): Promise<void> {
  // Rows are locked in one order, whoever locks several of them.
  const rows = group
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ library, id, events }) => events.map(({ seq, event }) => ({ library, id, seq, event })))
  await database.prepared(insertSql, [
    textsParameter(rows.map(({ library }) => library)),
    textsParameter(rows.map(({ id }) => id)),
    `{${rows.map(({ seq }) => seq).join(',')}}`,
    textsParameter(rows.map(({ event }) => toJson(event))),
  ])
}

// Where there is no answer under way its id is null, which the column refuses: nothing of the group is stored then.
const insertSql = `
  insert into answer_events (library_id, answer_id, seq, terminal, event)
  select e.library_id, a.answer_id, e.seq, false, e.event::jsonb
  from unnest($1::text[], $2::text[], $3::int[], $4::text[]) as e(library_id, answer_id, seq, event)
  left join lateral (
    select answer_id from answers
    where library_id = e.library_id and answer_id = e.answer_id and finished_at is null offset 0) a on true`
