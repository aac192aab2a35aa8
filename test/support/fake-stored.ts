// What the scripted site keeps: answers and conversations to be read again, feedback, and the state of a library.
import { Hono } from 'hono'
import type { DocumentStore } from '../../core/ports.ts'
import type { Answer } from '../../web/wire.d.ts'
import { feedbackBody } from '../../server/http/schemas.ts'
import type { Asked, Reply, Running } from './fake-site.ts'

/** What a reader finds again of what was asked here. */
export function storedAnswers(answers: Map<string, Running>, feedback: unknown[], documents: DocumentStore): Hono {
  const titles = new Map<string, string>()
  return new Hono()
    .get('/v1/conversations', (c) => c.json({ conversations: conversationsOf(answers, titles), next: null }))
    .patch('/v1/conversations/:id', async (c) => {
      const { title } = await c.req.json<{ title: string }>()
      titles.set(c.req.param('id'), title)
      return c.json({ id: c.req.param('id'), title })
    })
    .delete('/v1/conversations/:id', (c) => {
      for (const { id, conversation } of answers.values()) if (conversation === c.req.param('id')) answers.delete(id)
      return c.body(null, 204)
    })
    .get('/v1/conversations/:id', (c) => {
      const id = c.req.param('id')
      const its = [...answers.values()].filter(({ conversation }) => conversation === id)
      if (its.length === 0 || id === OTHERS)
        return c.json({ code: 'unknown-conversation', detail: 'There is no such conversation.' }, 404)
      const before = c.req.query('before')
      const end = before === undefined ? its.length : its.findIndex((each) => each.id === before)
      const page = its.slice(Math.max(0, end - 20), end)
      const earlier = end > 20 ? page[0]?.id : null
      return c.json({ id, title: its[0]?.asked.question, answers: page.map(exchange), earlier })
    })
    .get('/v1/answers/:id', (c) => {
      const running = answers.get(c.req.param('id'))
      const answer = running && answerOf(running)
      return answer ? c.json(answer) : c.json({ code: 'unknown-answer', detail: 'There is no such answer.' }, 404)
    })
    .post('/v1/answers/:id/feedback', async (c) => {
      // What the server would refuse is refused here.
      feedback.push(feedbackBody.parse(await c.req.json()))
      return c.json({ id: c.req.param('id'), feedback: feedback.at(-1) })
    })
    .delete('/v1/answers/:id/feedback', (c) => {
      feedback.push(null)
      return c.json({ id: c.req.param('id'), feedback: null })
    })
    .get('/v1/answers/:id/suggestions', (c) => c.json({ suggestions: fakeSuggestions }))
    .get('/v1/suggestions', (c) => c.json({ suggestions: fakeSuggestions }))
    .get('/v1/library', (c) => c.json(fakeLibrary))
    .get('/v1/documents/:id', async (c) =>
      c.json(await documents.find('default', c.req.param('id'), c.req.query('revision'))),
    )
    .get('/v1/documents', (c) => c.json({ documents: [], next: null }))
}

function conversationsOf(answers: ReadonlyMap<string, Running>, titles: ReadonlyMap<string, string>) {
  const first = new Map<string, Running>()
  for (const running of answers.values()) if (!first.has(running.conversation)) first.set(running.conversation, running)
  const titled = Array.from(first, ([id, { asked }]) => ({ id, title: titles.get(id) ?? asked.question, questions: 1 }))
  return titled.toReversed().map((each) => ({ ...each, asked_at: new Date().toISOString() }))
}

// A conversation that nobody here began.
const OTHERS = 'con_other'

/** What was asked before the site was opened: two hundred questions of one conversation, and one of somebody else. */
export function storedBefore(script: (asked: Asked) => Reply): [string, Running][] {
  const stored = (id: string, conversation: string, question: string): [string, Running] => {
    const steps = script({ question })
    if (steps instanceof Response) throw new Error(`${question} has no answer`)
    const reached = steps.length
    return [id, { id, asked: { question }, conversation, steps: [...steps], reached, stopped: new AbortController() }]
  }
  const many = Array.from({ length: 200 }, (_, n) => stored(`ans_of_${n}`, 'con_twohundred', `Question ${n + 1}?`))
  return [...many, stored('ans_other', OTHERS, 'What do others ask?')]
}

const fakeSuggestions = [
  { question: 'What is a token bucket?', document: { id: 'doc_bucket', title: 'Token buckets, measured' } },
]

const fakeLibrary = {
  library: 'default',
  documents: 4,
  chunks: 12,
  model: 'gpt-4.1-mini',
  uploads: true,
  last_sync: null,
  running: null,
  failures: [],
}

/** An answer under the names that it got here. */
export const named = (answer: Answer, { id, conversation }: Running): Answer => ({
  ...answer,
  id,
  conversation_id: conversation,
})

const answerOf = (running: Running): Answer | null => {
  const last = running.steps.at(-1)
  const ended = running.reached >= running.steps.length && typeof last === 'object' && 'answer' in last
  return ended ? named(last['answer'] as Answer, running) : null
}
const exchange = (running: Running) => {
  const answer = answerOf(running)
  return {
    id: running.id,
    question: running.asked.question,
    status: answer?.status ?? 'running',
    asked_at: '',
    answer,
  }
}
