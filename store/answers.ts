// Answers and their events: written before they are sent, so that a stream can resume and an answer be audited.
import { StoreError } from '../core/errors.ts'
import type { AnswerRecord, AnswerStore } from '../core/ports.ts'
import { type Answer, type AnswerEvent, isTerminal, type StoredEvent, type Turn } from '../core/types.ts'
import { type Database, toJson } from './database.ts'

export function answerStore(database: Database): AnswerStore {
  return {
    begin: async (record) => await begin(database, record),
    append: async (library, id, events) => await append(database, library, id, events),
    events: async (library, id, after) => await eventsAfter(database, library, id, after),
    find: async (library, id) => {
      const [row] = await database.query<{ answer: Answer | null }>(
        'select answer from answers where library_id = $1 and answer_id = $2',
        [library, id],
      )
      return row?.answer ?? null
    },
    turns: async (library, conversationId, limit) => {
      const rows = await database.query<Turn>(
        `select question, answer ->> 'answer' as answer from answers
         where library_id = $1 and conversation_id = $2 and answer is not null
         order by created_at desc, answer_id limit $3`,
        [library, conversationId, limit],
      )
      return rows.reverse()
    },
  }
}

async function begin(database: Database, record: AnswerRecord): Promise<void> {
  await database.query(
    `with conversation as (
       insert into conversations (library_id, conversation_id) values ($1, $3)
       on conflict (library_id, conversation_id) do update set conversation_id = excluded.conversation_id
       returning conversation_id)
     insert into answers (library_id, answer_id, conversation_id, question, mode)
     select $1, $2, conversation_id, $4, $5 from conversation`,
    [record.library, record.id, record.conversationId, record.question, record.mode],
  )
}

async function append(database: Database, library: string, id: string, events: readonly StoredEvent[]): Promise<void> {
  const last = events.at(-1)?.event
  // One statement, so that a log with its terminal event never stands beside an unfinished answer.
  const [row] = await database.query<{ logged: number }>(
    `with logged as (
       insert into answer_events (library_id, answer_id, seq, terminal, event)
       select $1, $2, e.seq, e.terminal, e.event
       from unnest($3::int[], $4::boolean[], $5::jsonb[]) as e(seq, terminal, event)
       where not exists (
         select from answers a where a.library_id = $1 and a.answer_id = $2 and a.finished_at is not null)
       returning 1),
     finished as (
       update answers set answer = $6, finished_at = now()
       where library_id = $1 and answer_id = $2 and finished_at is null and $7)
     select count(*)::int as logged from logged`,
    [
      library,
      id,
      events.map(({ seq }) => seq),
      events.map(({ event }) => isTerminal(event)),
      events.map(({ event }) => toJson(event)),
      last && 'answer' in last ? toJson(last.answer) : null,
      last !== undefined && isTerminal(last),
    ],
  )
  if (row?.logged !== events.length)
    throw new StoreError('answer-ended', `The answer ${id} has ended: nothing can be added to it.`)
}

async function eventsAfter(
  database: Database,
  library: string,
  id: string,
  after: number,
): Promise<StoredEvent[] | null> {
  const rows = await database.query<{ seq: number | null; event: AnswerEvent }>(
    `select e.seq, e.event from answers a
     left join answer_events e on e.library_id = a.library_id and e.answer_id = a.answer_id and e.seq > $3
     where a.library_id = $1 and a.answer_id = $2 order by e.seq`,
    [library, id, after],
  )
  if (rows.length === 0) return null
  return rows.flatMap(({ seq, event }) => (seq === null ? [] : [{ seq, event }]))
}
