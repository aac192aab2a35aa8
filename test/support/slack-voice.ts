// The voice of the Slack app between a fake Slack and scripted answers, which the server's own live answers drive.
import { setTimeout as wait } from 'node:timers/promises'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Answer, AnswerEvent, Citation, Passage, Question } from '../../core/types.ts'
import { liveAnswers } from '../../server/answer/live.ts'
import type { Attempt, Perform, Progress, SlackAction, SlackQuestion } from '../../server/slack/tasks.ts'
import { createVoice, type VoiceDeps } from '../../server/slack/voice.ts'
import type { FakeSlackApi } from './fake-slack-api.ts'
import { memoryAnswers } from './fake-store.ts'

export function citationOf(n: number, more: Partial<Citation> = {}): Citation {
  const document = {
    id: `doc_${n}`,
    title: `Article ${n}`,
    source: `${n}.md`,
    url: `https://example.com/${n}`,
    revision: `r${n}`,
    publishedAt: null,
  }
  const headings = [`Article ${n}`, 'Limits']
  return {
    n,
    passage: n,
    document,
    headings,
    page: null,
    span: { start: 0, end: 9 },
    quote: `quote ${n}`,
    link: `/documents/doc_${n}?revision=r${n}#0-9`,
    ...more,
  }
}

export function passageOf(n: number): Passage {
  const { document, headings, page, span } = citationOf(n)
  return { n, document, headings, page, span, text: `The text of passage ${n}.`, score: 1 }
}

export function answerOf(
  question: Pick<Question, 'id' | 'text' | 'conversationId'>,
  more: Partial<Answer> = {},
): Answer {
  const { id, conversationId, text } = question
  return {
    id,
    conversationId,
    question: text,
    query: text,
    status: 'answered',
    reason: null,
    mode: 'generative',
    fallback: null,
    answer: '',
    statements: [],
    citations: [],
    passages: [],
    nearest: [],
    missing: [],
    models: { generator: 'fake', embedder: 'fake' },
    prompts: null,
    cached: false,
    usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
    timingsMs: { retrieve: 0, firstText: 0, total: 0 },
    ...more,
  }
}

/** Text is one delta, a number a pause in milliseconds. */
export type Script = (question: Question) => {
  readonly steps: readonly (string | number)[]
  readonly end?: Partial<Answer> | Extract<AnswerEvent, { type: 'error' }>
}

export const LIMITERS =
  'Stripe runs **four** limiters [1]. Each of them has a job. The first is a token bucket [2].\n\nThe rest shed load.'

export const limiters: Script = () => ({
  steps: LIMITERS.match(/[^]{1,9}/g) ?? [],
  end: { citations: [citationOf(1), citationOf(2)], passages: [passageOf(1), passageOf(2)] },
})

async function* play(script: Script, question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const { steps, end = {} } = script(question)
  yield { type: 'started', id: question.id, conversationId: question.conversationId, mode: 'generative' }
  if (!('type' in end)) for (const citation of end.citations ?? []) yield { type: 'citation', citation }
  let text = ''
  for (const step of steps) {
    if (typeof step === 'number') await wait(step, undefined, { signal }).catch(() => {})
    if (signal.aborted) {
      yield { type: 'stopped', answer: answerOf(question, { status: 'stopped', answer: text }) }
      return
    }
    if (typeof step === 'number') continue
    text += step
    yield { type: 'text', delta: step }
  }
  if ('type' in end) yield end
  else
    yield {
      type: end.status === 'abstained' ? 'abstained' : 'done',
      answer: answerOf(question, { answer: text, ...end }),
    }
}

export type TestVoice = {
  readonly perform: Perform
  /** the questions that were asked of the pipeline */
  readonly asked: Question[]
  readonly answers: ReturnType<typeof memoryAnswers>
  readonly lines: string[]
}

export type VoiceChanges = Partial<Omit<VoiceDeps, 'answers'>> & {
  readonly answers?: ReturnType<typeof memoryAnswers>
  readonly patienceMs?: number
}

export function openTestVoice(slack: FakeSlackApi, script: Script = limiters, changes: VoiceChanges = {}): TestVoice {
  const { patienceMs = 2_000, answers = memoryAnswers(), ...rest } = changes
  const asked: Question[] = []
  const lines: string[] = []
  const answering = (question: Question, signal: AbortSignal) => {
    asked.push(question)
    return play(script, question, signal)
  }
  const live = liveAnswers({ answers, answering, report: () => {}, silentMs: 0 })
  const sink = new Writable({ write: (chunk, _, done) => (lines.push(String(chunk)), done()) })
  const { perform } = createVoice({
    slack: { token: slack.token, apiUrl: slack.url, patienceMs, deadlineMs: 2_000 },
    live,
    answers,
    library: 'main',
    publicUrl: 'https://footnote.example',
    humanChannel: null,
    searching: async () => [],
    documents: { find: async () => null },
    log: pino({ level: 'debug' }, sink),
    pace: { everyMs: 5, updateMs: 20, rotateMs: 60_000 },
    ...rest,
  })
  return { perform, asked, answers, lines }
}

export function questionOf(more: Partial<SlackQuestion> = {}): SlackQuestion {
  return {
    type: 'question',
    from: 'mention',
    channel: 'C1',
    ts: null,
    thread: null,
    user: 'U1',
    text: 'How does Stripe rate limit?',
    isPrivate: false,
    ...more,
  }
}

export function actionOf(action: SlackAction['action'], more: Partial<SlackAction> = {}): SlackAction {
  return {
    type: 'action',
    action,
    answerId: 'ans_1',
    channel: 'C1',
    thread: null,
    ts: null,
    user: 'U1',
    triggerId: null,
    reason: null,
    comment: null,
    ...more,
  }
}

export type Inbox = { progress: Progress; readonly attempt: (more?: Partial<Attempt>) => Attempt }

/** The inbox of one task: what is remembered is there for the next try. `whenRemembered` may throw, as a lost lease does. */
export function inboxOf(whenRemembered: (progress: Progress) => void = () => {}): Inbox {
  let number = 0
  const inbox: Inbox = {
    progress: {},
    attempt: (more) => ({
      id: 'Ev1',
      number: ++number,
      failures: number,
      progress: inbox.progress,
      remember: async (progress) => {
        whenRemembered(progress)
        inbox.progress = progress
      },
      ...more,
    }),
  }
  return inbox
}
