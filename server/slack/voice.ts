// What this app says in Slack: does one task of the inbox, and sorts what Slack refuses into later and never.
import type { Log } from '../../core/log.ts'
import type { AnswerStore, DocumentStore } from '../../core/ports.ts'
import type { Passage, Question } from '../../core/types.ts'
import type { LiveAnswers } from '../answer/live.ts'
import { act } from './actions.ts'
import { type ApiOptions, createSlackApi, type SlackApi, SlackError } from './api.ts'
import { type Audiences, createAudiences } from './audiences.ts'
import { answerQuestion } from './question.ts'
import type { Attempt, Perform, Progress, SlackTask } from './tasks.ts'
import { defaultPace, type Pace } from './telling.ts'

export type VoiceDeps = {
  readonly slack: Omit<ApiOptions, 'log'>
  /** the answers of the server: told here, and stored and listed like every other */
  readonly live: Pick<LiveAnswers, 'follow' | 'stop'> & {
    /** Perhaps after waiting for its turn. Throws LimitError: later. */
    readonly start: (question: Question, signal: AbortSignal) => Promise<void> | void
  }
  readonly answers: Pick<AnswerStore, 'find' | 'audiences' | 'rate'>
  readonly library: string
  /** under which people reach the server; null: footnotes lead to the documents' own addresses */
  readonly publicUrl: string | null
  /** where people answer what the library does not; null: nobody can be asked */
  readonly humanChannel: string | null
  /** what an answer would be made from, for readers who belong to all of these */
  readonly searching: (text: string, audiences: readonly string[], signal: AbortSignal) => Promise<readonly Passage[]>
  readonly documents: Pick<DocumentStore, 'find'>
  readonly log: Log
  readonly pace?: Partial<Pace>
}

export type Voicing = Omit<VoiceDeps, 'slack' | 'pace'> & {
  readonly api: SlackApi
  readonly audiences: Audiences
  readonly pace: Pace
  readonly streams: { areAvailable: boolean }
}

/** The progress of a task, which is stored with every change. */
export type Notebook = {
  readonly now: () => Progress
  readonly note: (change: Progress) => Promise<void>
}

export function createVoice({ slack, pace, ...deps }: VoiceDeps): { readonly perform: Perform } {
  const api = createSlackApi({ ...slack, log: deps.log })
  const voicing: Voicing = {
    ...deps,
    api,
    audiences: createAudiences(api, deps.log),
    pace: { ...defaultPace, ...pace },
    streams: { areAvailable: true },
  }
  return {
    perform: async (task, attempt, signal) => {
      if (attempt.progress.isOver) return
      try {
        await does(voicing, task, attempt, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof SlackError) || error.retryable) throw error
        const { reason } = error
        deps.log.warn({ reason, task: attempt.id, channel: task.channel }, 'slack refused for good')
      }
    },
  }
}

async function does(voicing: Voicing, task: SlackTask, attempt: Attempt, signal: AbortSignal): Promise<void> {
  const notebook = notebookOf(attempt)
  const trying = { failures: attempt.failures, notebook }
  if (task.type === 'question') await answerQuestion(voicing, task, trying, signal)
  else await act(voicing, task, trying, signal)
  if (!notebook.now().isOver) await notebook.note({ isOver: true })
}

function notebookOf({ progress, remember }: Attempt): Notebook {
  let now = progress
  return {
    now: () => now,
    note: async (change) => {
      now = { ...now, ...change }
      await remember(now)
    },
  }
}
