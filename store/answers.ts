// Answers and their events: written before they are sent, so that a stream can resume and an answer be audited.
import { StoreError } from '../core/errors.ts'
import type { RatedAnswer } from '../core/conversations.ts'
import type { AnswerFilter, AnswerRecord, AnswerStore, AnswerSummary } from '../core/ports.ts'
import { type Answer, type AnswerEvent, type Feedback, isTerminal, type StoredEvent, type Turn } from '../core/types.ts'
import { inGroups } from './append.ts'
import { audienceParameter } from './audiences.ts'
import { type Database, toJson } from './database.ts'

export function answerStore(database: Database): AnswerStore {
  return {
    begin: async (record) => await begin(database, record),
    append: inGroups(database, async (...appended) => await append(database, ...appended)),
    events: async (library, id, after) => await eventsAfter(database, library, id, after),
    find: async (library, id) => {
      const [row] = await database.query<RatedRow<Answer>>(
        'select answer, feedback from answers where library_id = $1 and answer_id = $2 and answer is not null',
        [library, id],
      )
      return row ? toRated(row) : null
    },
    audiences: async (library, id) => {
      const [row] = await database.query<{ audiences: string[] | null }>(
        'select audiences from answers where library_id = $1 and answer_id = $2',
        [library, id],
      )
      return row?.audiences ?? null
    },
    owner: async (library, id) => await ownerOf(database, library, id),
    rate: async (library, id, feedback) => await rate(database, library, id, feedback),
    renew: async (running) => {
      await database.query(
        `update answers a set alive_at = now()
         from unnest($1::text[], $2::text[]) as r(library_id, answer_id)
         where a.library_id = r.library_id and a.answer_id = r.answer_id and a.finished_at is null`,
        [running.map(({ library }) => library), running.map(({ id }) => id)],
      )
    },
    silenceMs: async (library, id) => {
      const [row] = await database.query<{ ms: number }>(
        `select (extract(epoch from now() - alive_at) * 1000)::float8 as ms from answers
         where library_id = $1 and answer_id = $2`,
        [library, id],
      )
      return row?.ms ?? 0
    },
    turns: async (library, conversationId, limit, audiences) => {
      const rows = await database.query<Turn>(
        `select question, answer ->> 'answer' as answer from answers
         where library_id = $1 and conversation_id = $2 and answer is not null
           and ($4::text[] is null or audiences <@ $4)
         order by created_at desc, answer_id limit $3`,
        [library, conversationId, limit, audiences ? audienceParameter(audiences) : null],
      )
      return rows.reverse()
    },
    list: async (library, only, limit, after) => await listAnswers(database, library, only, limit, after),
  }
}

async function ownerOf(
  database: Database,
  library: string,
  id: string,
): Promise<{ readonly owner: string | null } | null> {
  const [row] = await database.query<{ owner: string | null }>(
    `select c.owner from answers a join conversations c
       on c.library_id = a.library_id and c.conversation_id = a.conversation_id
     where a.library_id = $1 and a.answer_id = $2`,
    [library, id],
  )
  return row ?? null
}

/** Whether a reader of conversations is let in. A key is let into nothing but its own, not into what is nobody's either. */
export function isOpen(owner: string, reader: string): string {
  return `(${owner} = ${reader} or (${owner} is null and coalesce(${reader} not like 'key:%', true)))`
}

/** Of an answer under way `answer` is null, and there is no feedback. */
export type RatedRow<Stored = Answer | null> = { readonly answer: Stored; readonly feedback: RatedAnswer['feedback'] }

export function toRated({ answer, feedback }: RatedRow<Answer>): RatedAnswer {
  // Written by the database in the time zone of its session.
  const given = feedback && { ...feedback, givenAt: new Date(feedback.givenAt).toISOString() }
  return { ...answer, feedback: given }
}

async function rate(
  database: Database,
  library: string,
  id: string,
  feedback: Feedback | null,
): Promise<RatedAnswer | null> {
  const [row] = await database.query<RatedRow<Answer>>(
    `update answers set feedback = $3::jsonb || jsonb_build_object('givenAt', now())
     where library_id = $1 and answer_id = $2 and answer is not null returning answer, feedback`,
    [library, id, feedback && toJson(feedback)],
  )
  return row ? toRated(row) : null
}

async function begin(database: Database, record: AnswerRecord): Promise<void> {
  const [begun] = await database.prepared(
    `with conversation as (
       insert into conversations as c (library_id, conversation_id, owner) values ($1, $3, $7)
       on conflict (library_id, conversation_id) do update set asked_at = now()
         where ${isOpen('c.owner', 'excluded.owner')}
       returning conversation_id)
     insert into answers (library_id, answer_id, conversation_id, question, mode, audiences)
     select $1, $2, conversation_id, $4, $5, $6 from conversation returning 1`,
    [
      record.library,
      record.id,
      record.conversationId,
      record.question,
      record.mode,
      record.audiences ? audienceParameter(record.audiences) : null,
      record.owner ?? null,
    ],
  )
  // Whoever asks is told so before: this is for two who begin one conversation in the same moment.
  if (!begun) throw new StoreError('store-not-yours', `The conversation ${record.conversationId} has another owner.`)
}

async function append(database: Database, library: string, id: string, events: readonly StoredEvent[]): Promise<void> {
  const last = events.at(-1)?.event
  // One statement, so that a log with its terminal event never stands beside an unfinished answer. Whether a quote is
  // stale is seldom a question here: only when its document was learned anew while the answer was written.
  const [row] = await database.prepared<{ logged: number }>(
    `with logged as (
       insert into answer_events (library_id, answer_id, seq, terminal, event)
       select $1, $2, e.seq, e.terminal, e.event
       from unnest($3::int[], $4::boolean[], $5::jsonb[]) as e(seq, terminal, event)
       where exists (
         select from answers a where a.library_id = $1 and a.answer_id = $2 and a.finished_at is null)
       returning 1),
     finished as (
       update answers set answer = $6, finished_at = now()
       where library_id = $1 and answer_id = $2 and finished_at is null and $7 returning answer),
     cited as (
       insert into citations (library_id, answer_id, n, document_id, revision, quote, stale)
       select $1, $2, (c ->> 'n')::int, c #>> '{document,id}', c #>> '{document,revision}', c ->> 'quote',
              coalesce(d.removed_at is not null or position(c ->> 'quote' in r.text) = 0, false)
       from finished cross join jsonb_array_elements(answer -> 'citations') as c
       left join documents d on d.library_id = $1 and d.document_id = c #>> '{document,id}'
         and (d.revision <> c #>> '{document,revision}' or d.removed_at is not null)
       left join revisions r on r.library_id = $1 and r.document_id = d.document_id and r.revision = d.revision)
     select count(*)::int as logged from logged`,
    [
      library,
      id,
      events.map(({ seq }) => seq),
      events.map(({ event }) => isTerminal(event)),
      events.map(({ event }) => toJson('answer' in event ? { type: event.type } : event)),
      last && 'answer' in last ? toJson(last.answer) : null,
      last !== undefined && isTerminal(last),
    ],
  )
  if (row?.logged !== events.length)
    throw new StoreError('store-answer-ended', `The answer ${id} has ended or was removed: nothing can be added to it.`)
}

async function eventsAfter(
  database: Database,
  library: string,
  id: string,
  after: number,
): Promise<StoredEvent[] | null> {
  const rows = await database.query<{ seq: number | null; event: AnswerEvent }>(
    `select e.seq, case when e.terminal and a.answer is not null
       then e.event || jsonb_build_object('answer', a.answer) else e.event end as event from answers a
     left join answer_events e on e.library_id = a.library_id and e.answer_id = a.answer_id and e.seq > $3
     where a.library_id = $1 and a.answer_id = $2 order by e.seq`,
    [library, id, after],
  )
  if (rows.length === 0) return null
  return rows.flatMap(({ seq, event }) => (seq === null ? [] : [{ seq, event }]))
}

async function listAnswers(
  database: Database,
  library: string,
  only: AnswerFilter,
  limit: number,
  after?: string,
): Promise<AnswerSummary[]> {
  const rows = await database.query<Omit<AnswerSummary, 'askedAt'> & { created_at: Date }>(
    `select a.answer_id as id, a.conversation_id as "conversationId", a.question, a.answer ->> 'status' as status,
            a.created_at,
            array(select n from citations c
                  where c.library_id = a.library_id and c.answer_id = a.answer_id and c.stale order by n) as stale,
            a.feedback ->> 'rating' as rating
     from answers a where a.library_id = $1 and a.answer is not null and ($3::text is null or (a.created_at, a.answer_id) <
       (select l.created_at, l.answer_id from answers l where l.library_id = $1 and l.answer_id = $3))
       and ($4::text is null or a.feedback ->> 'rating' = $4) and ($5::text is null or a.conversation_id = $5)
       and ($6::text is null or exists (select from conversations c
         where c.library_id = a.library_id and c.conversation_id = a.conversation_id and c.owner = $6))
       ${only.stale ? isStale : ''}
     order by a.created_at desc, a.answer_id desc limit $2`,
    [library, limit, after ?? null, only.rating, only.conversationId, only.owner ?? null],
  )
  return rows.map(({ created_at: asked, ...row }) => ({ ...row, askedAt: asked.toISOString() }))
}

// By the index of stale citations: answers that are not stale are never looked at.
const isStale = 'and a.answer_id in (select c.answer_id from citations c where c.library_id = $1 and c.stale)'
