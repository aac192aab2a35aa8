// What a reader is shown of their conversations, and the port to them.
import type { Answer, Feedback } from './types.ts'

/** A finished answer, and what its reader thought of it; null: nothing was said. */
export type RatedAnswer = Answer & { readonly feedback: (Feedback & { readonly givenAt: string }) | null }

export type ConversationSummary = {
  readonly id: string
  /** as its reader named it, or else its first question */
  readonly title: string
  readonly questions: number
  /** when its newest question came */
  readonly askedAt: string
}

/** `next`: where the next page begins, whatever is asked meanwhile; null: there is none. */
export type ListedConversations = {
  readonly conversations: readonly ConversationSummary[]
  readonly next: string | null
}

/** A question of a conversation, also while its answer is under way (`running`) and when none came of it (`failed`). */
export type Exchange = {
  readonly id: string
  readonly question: string
  readonly status: Answer['status'] | 'running' | 'failed'
  readonly askedAt: string
  readonly answer: RatedAnswer | null
}

/** Some exchanges of a conversation, oldest first. `earlier`: the page before ends in front of this answer. */
export type ConversationPage = ConversationSummary & {
  /** null: the answer they should come before is none of this conversation */
  readonly answers: readonly Exchange[] | null
  readonly earlier: string | null
}

export type AnswerOwners = {
  /** Whose conversation an answer belongs to: `owner` null is nobody's; null when the answer is unknown. */
  owner(library: string, id: string): Promise<{ readonly owner: string | null } | null>
}

/**
 * `reader` is the hash of what a browser holds, or `key:` and the id of a key, which is let into nothing but its own;
 * null: a program's.
 */
export type ConversationStore = {
  /** Whether this reader may read and continue it: it is theirs, nobody's, or not there yet. */
  isOpenTo(library: string, id: string, reader: string | null): Promise<boolean>
  /** `owner` null is nobody's; null when there is no such conversation. */
  owner(library: string, id: string): Promise<{ readonly owner: string | null } | null>
  owns(library: string, id: string, reader: string): Promise<boolean>
  /** Those of this reader with all of these words in title or questions, the one with the newest question first. */
  list(
    library: string,
    reader: string,
    wanted: { readonly limit: number; readonly after?: string | undefined; readonly words: readonly string[] },
  ): Promise<ListedConversations>
  /** Its last exchanges, or the last before one; null when there is none that is open to this reader. */
  find(
    library: string,
    id: string,
    reader: string | null,
    wanted: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<ConversationPage | null>
  /** null when this reader owns none of this id. */
  rename(library: string, id: string, reader: string, title: string): Promise<ConversationSummary | null>
  /** Removes it with its answers and all that hangs on them, in one transaction; false when this reader owns none. */
  remove(library: string, id: string, reader: string): Promise<boolean>
}
