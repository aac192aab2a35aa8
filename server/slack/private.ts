// An answer for one person: said at once when it is whole, because what only they see can never be changed.
import type { Answer } from '../../core/types.ts'
import { type SlackApi, SlackError } from './api.ts'
import { type Page, pagesOf, type Shown } from './blocks.ts'
import { pageWriter, type Place, type Posts, whisper } from './posts.ts'
import type { Telling } from './telling.ts'

export type PrivateOptions = {
  readonly api: SlackApi
  readonly place: Place
  readonly user: string
  readonly posts: Posts
  readonly shown: Shown
}

const elsewhere = /^(?:channel_not_found|not_in_channel|user_not_in_channel|no_permission)$/

/** A command and a shortcut work where this app is no member, and cannot post. */
export function isElsewhere(error: unknown): boolean {
  return error instanceof SlackError && elsewhere.test(error.reason)
}

/** Where one person alone reads what the app says. */
export async function directPlace(api: SlackApi, user: string, signal: AbortSignal): Promise<Place> {
  const { channel } = await api.call<{ channel: { id: string } }>('conversations.open', { users: user }, signal)
  return { channel: channel.id, thread: null, since: null }
}

export function privateTelling({ api, place, user, posts, shown }: PrivateOptions): Telling {
  const say = async (pages: readonly Page[], signal: AbortSignal) => {
    try {
      for (const page of pages) await whisper(api, { ...place, user }, page, signal)
    } catch (error) {
      if (!isElsewhere(error)) throw error
      await pageWriter(api, await directPlace(api, user, signal), posts).conclude(pages, signal)
    }
  }
  return {
    hear: async () => {},
    finish: async (answer: Answer, signal) => await say(pagesOf(answer, shown), signal),
    say,
  }
}
