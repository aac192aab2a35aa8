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

// A command works where this app is no member, and cannot post.
const elsewhere = /^(?:channel_not_found|not_in_channel|user_not_in_channel|no_permission)$/

export function privateTelling({ api, place, user, posts, shown }: PrivateOptions): Telling {
  const say = async (pages: readonly Page[], signal: AbortSignal) => {
    try {
      for (const page of pages) await whisper(api, { ...place, user }, page, signal)
    } catch (error) {
      if (!(error instanceof SlackError) || !elsewhere.test(error.reason)) throw error
      await inDirectMessage(pages, signal)
    }
  }
  const inDirectMessage = async (pages: readonly Page[], signal: AbortSignal) => {
    const { channel } = await api.call<{ channel: { id: string } }>('conversations.open', { users: user }, signal)
    await pageWriter(api, { channel: channel.id, thread: null, since: null }, posts).conclude(pages, signal)
  }
  return {
    hear: async () => {},
    finish: async (answer: Answer, signal) => await say(pagesOf(answer, shown), signal),
    say,
  }
}
