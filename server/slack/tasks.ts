// What somebody did in Slack, as it lies in the inbox: stored before Slack hears that it arrived, done exactly once.

/** Asked by a mention, a direct message, `/footnote`, the assistant pane, a message in a listed channel, or the shortcut. */
export type SlackQuestion = {
  readonly type: 'question'
  readonly from: 'mention' | 'direct' | 'command' | 'assistant' | 'channel' | 'shortcut'
  /** C…, D… or G… */
  readonly channel: string
  /** The message that asks, or null: a command has none. */
  readonly ts: string | null
  /** The thread that it stands in; null: it begins one. */
  readonly thread: string | null
  /** U… */
  readonly user: string
  /** without the mention of the app, entities decoded, cut to what a question may hold */
  readonly text: string
  /** only this user may see the answer */
  readonly isPrivate: boolean
}

/** Only the asker will read the answer: it is made from all that they may read. */
export function isForOne({ isPrivate, channel }: SlackQuestion): boolean {
  return isPrivate || channel.startsWith('D')
}

/** A button under an answer, or the form that a thumb down opens. */
export type SlackAction = {
  readonly type: 'action'
  readonly action: 'up' | 'down' | 'reason' | 'passages' | 'private' | 'human'
  readonly answerId: string
  readonly channel: string
  readonly thread: string | null
  /** the message with the button; null for a form */
  readonly ts: string | null
  readonly user: string
  /** opens a form, within three seconds of the click; null for a form */
  readonly triggerId: string | null
  /** what the form says */
  readonly reason: string | null
  readonly comment: string | null
}

export type SlackTask = SlackQuestion | SlackAction

/** Kept with the task, so that whoever takes it over after a crash goes on instead of beginning again. */
export type Progress = {
  /** the answer of this question, chosen before anything is said */
  readonly answerId?: string
  /** messages posted so far, in order */
  readonly messages?: readonly string[]
  readonly isOver?: boolean
}

export type Attempt = {
  /** of Slack's event: unique, the same in every delivery */
  readonly id: string
  /** 1 for the first */
  readonly number: number
  /** attempts that count against it, this one among them: not those that only waited, or were handed back */
  readonly failures: number
  readonly progress: Progress
  /** Durable when it resolves. Throws StoreError `lease-lost` when another process has taken the task over: say nothing more. */
  readonly remember: (progress: Progress) => Promise<void>
}

/**
 * Does one task. Returning means done for good, also when Slack will never take it (an archived channel). Throwing means
 * again later; a `retryAfterMs` of the error is kept to.
 */
export type Perform = (task: SlackTask, attempt: Attempt, signal: AbortSignal) => Promise<void>
