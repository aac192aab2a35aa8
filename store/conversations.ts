// Conversations as their readers see them: whose they are, their names, their exchanges, and their end.
import type {
  ConversationPage,
  ConversationStore,
  ConversationSummary,
  Exchange,
  ListedConversations,
} from '../core/conversations.ts'
import { isOpen, toRated, type RatedRow } from './answers.ts'
import type { Database, Query } from './database.ts'

export function conversationStore(database: Database): ConversationStore {
  return {
    isOpenTo: async (library, id, reader) => {
      const [row] = await database.query<{ is_open: boolean }>(
        `select coalesce(${isOpen('owner', '$3::text')}, false) as is_open from conversations
         where library_id = $1 and conversation_id = $2`,
        [library, id, reader],
      )
      return row?.is_open ?? true
    },
    owner: async (library, id) => {
      const [row] = await database.query<{ owner: string | null }>(
        'select owner from conversations where library_id = $1 and conversation_id = $2',
        [library, id],
      )
      return row ?? null
    },
    list: async (library, reader, wanted) => await list(database, library, reader, wanted),
    find: async (library, id, reader, wanted) => await find(database, library, id, reader, wanted),
    rename: async (library, id, reader, title) => {
      const [row] = await database.query(
        `update conversations set title = $4
         where library_id = $1 and conversation_id = $2 and owner = $3 returning 1`,
        [library, id, reader, title],
      )
      return row ? await summaryOf(database, library, id) : null
    },
    owns: async (library, id, reader) => {
      const rows = await database.query(
        'select 1 from conversations where library_id = $1 and conversation_id = $2 and owner = $3',
        [library, id, reader],
      )
      return rows.length > 0
    },
    remove: async (library, id, reader) =>
      await database.transaction(async (query) => await remove(query, library, id, reader)),
  }
}

type SummaryRow = {
  id: string
  title: string | null
  first: string
  questions: number
  asked_at: Date
  place: string
}

// A conversation begins with its first question, so there always is one.
const summarySql = `
  select c.conversation_id as id, c.title, c.asked_at, q.questions, q.first,
         (extract(epoch from c.asked_at) * 1000000)::bigint::text || '-' || c.conversation_id as place
  from conversations c cross join lateral (
    select count(*)::int as questions, (array_agg(a.question order by a.created_at, a.answer_id))[1] as first
    from answers a where a.library_id = c.library_id and a.conversation_id = c.conversation_id) q
  where c.library_id = $1 and q.questions > 0`

async function list(
  database: Database,
  library: string,
  reader: string,
  { limit, after, words }: Parameters<ConversationStore['list']>[2],
): Promise<ListedConversations> {
  const [, micros = null, id = null] = /^(\d+)-(.+)$/.exec(after ?? '') ?? []
  const rows = await database.query<SummaryRow>(
    `${summarySql} and c.owner = $2
       and ($4::bigint is null
         or (c.asked_at, c.conversation_id) < ('epoch'::timestamptz + $4::bigint * interval '1 microsecond', $5::text))
       and not exists (
         select from unnest($6::text[]) as word where position(lower(word) in lower(coalesce(c.title, ''))) = 0
           and not exists (
             select from answers a where a.library_id = c.library_id and a.conversation_id = c.conversation_id
               and position(lower(word) in lower(a.question)) > 0))
     order by c.asked_at desc, c.conversation_id desc limit $3`,
    // One more than asked for tells whether there is a next page.
    [library, reader, limit + 1, micros, id, words],
  )
  const page = rows.slice(0, limit)
  const next = rows.length > limit ? (page.at(-1)?.place ?? null) : null
  return { conversations: page.map(toSummary), next }
}

async function summaryOf(database: Database, library: string, id: string): Promise<ConversationSummary | null> {
  const [row] = await database.query<SummaryRow>(`${summarySql} and c.conversation_id = $2`, [library, id])
  return row ? toSummary(row) : null
}

function toSummary({ id, title, first, questions, asked_at: asked }: SummaryRow): ConversationSummary {
  return { id, title: title ?? nameOf(first), questions, askedAt: asked.toISOString() }
}

const LONGEST_NAME = 120

/** A question in one line, cut at a word. */
function nameOf(question: string): string {
  const line = question.replace(/\s+/gu, ' ').trim()
  if (line.length <= LONGEST_NAME) return line
  const cut = line.slice(0, LONGEST_NAME - 1)
  const atWord = cut.slice(0, Math.max(cut.lastIndexOf(' '), 0)) || cut.slice(0, -1).toWellFormed()
  return `${atWord}…`
}

type ExchangeRow = RatedRow & { id: string; question: string; created_at: Date; status: Exchange['status'] }

async function find(
  database: Database,
  library: string,
  id: string,
  reader: string | null,
  { limit, before }: Parameters<ConversationStore['find']>[3],
): Promise<ConversationPage | null> {
  const [open] = await database.query<{ is_placed: boolean }>(
    `select $4::text is null or exists (
       select from answers where library_id = $1 and conversation_id = $2 and answer_id = $4) as is_placed
     from conversations where library_id = $1 and conversation_id = $2 and ${isOpen('owner', '$3::text')}`,
    [library, id, reader, before ?? null],
  )
  const summary = open && (await summaryOf(database, library, id))
  if (!summary) return null
  if (!open.is_placed) return { ...summary, answers: null, earlier: null }
  const rows = await database.query<ExchangeRow>(
    `select a.answer_id as id, a.question, a.created_at, a.answer, a.feedback,
            coalesce(a.answer ->> 'status', case when e.terminal then 'failed' else 'running' end) as status
     from answers a
     left join answer_events e on e.library_id = a.library_id and e.answer_id = a.answer_id and e.terminal
     where a.library_id = $1 and a.conversation_id = $2
       and ($4::text is null or (a.created_at, a.answer_id) <
         (select l.created_at, l.answer_id from answers l where l.library_id = $1 and l.answer_id = $4))
     order by a.created_at desc, a.answer_id desc limit $3`,
    [library, id, limit + 1, before ?? null],
  )
  const answers = rows.slice(0, limit).map(toExchange).reverse()
  return { ...summary, answers, earlier: rows.length > limit ? (answers[0]?.id ?? null) : null }
}

function toExchange({ created_at: asked, answer, feedback, ...row }: ExchangeRow): Exchange {
  return { ...row, askedAt: asked.toISOString(), answer: answer && toRated({ answer, feedback }) }
}

async function remove(query: Query, library: string, id: string, reader: string): Promise<boolean> {
  // Locked from the top, so that neither a question nor an event of an answer comes in between: who writes one waits for
  // its row, and finds it gone.
  const [owned] = await query(
    'select 1 from conversations where library_id = $1 and conversation_id = $2 and owner = $3 for update',
    [library, id, reader],
  )
  if (!owned) return false
  // In the order in which groups of events are written (append.ts): neither waits for the other in turn.
  const rows = await query<{ answer_id: string }>(
    'select answer_id from answers where library_id = $1 and conversation_id = $2 order by answer_id for update',
    [library, id],
  )
  const answers = rows.map(({ answer_id: answer }) => answer)
  for (const table of ['citations', 'answer_events', 'answers'])
    await query(`delete from ${table} where library_id = $1 and answer_id = any($2)`, [library, answers])
  await query('delete from conversations where library_id = $1 and conversation_id = $2', [library, id])
  return true
}
