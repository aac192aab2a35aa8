// Tells an answer while it is written: in a stream where there is one, else by writing its messages anew.
import type { Answer, AnswerEvent, Citation } from '../../core/types.ts'
import type { SlackApi } from './api.ts'
import { bodyOf, footerBlocks, footerOf, type Page, pagesOf, pagesOfUnits, type Shown } from './blocks.ts'
import { mrkdwn, settledUnits, slackMarkdown, unitsOf } from './dialect.ts'
import { piecesOf } from './markup.ts'
import { pageWriter, type Place, type Posts } from './posts.ts'
import { createSlackStream, isUnavailable, type SlackStream } from './stream.ts'

export type Pace = {
  /** between two calls that show more of an answer */
  readonly everyMs: number
  /** the same, where each of them is a whole message */
  readonly updateMs: number
  /** before Slack closes a stream */
  readonly rotateMs: number
}

// Slack takes 50 updates a minute, and two appends a second; it closes a stream after five minutes.
export const defaultPace: Pace = { everyMs: 600, updateMs: 1_250, rotateMs: 240_000 }

export type Telling = {
  /** What was added to the answer, which may be nothing. */
  readonly hear: (events: readonly AnswerEvent[], signal: AbortSignal) => Promise<void>
  readonly finish: (answer: Answer, signal: AbortSignal) => Promise<void>
  /** Something else than an answer. */
  readonly say: (pages: readonly Page[], signal: AbortSignal) => Promise<void>
}

export type TellingOptions = {
  readonly api: SlackApi
  readonly place: Place
  readonly user: string
  readonly posts: Posts
  readonly shown: Shown
  readonly pace: Pace
  /** of this workspace: false as soon as it was refused */
  readonly streams: { areAvailable: boolean }
}

export function createTelling({ api, place, user, posts, shown, pace, streams }: TellingOptions): Telling {
  const { thread } = place
  const pages = pageWriter(api, place, posts)
  // Messages of an earlier try are no streams any more.
  const canStream = streams.areAvailable && thread !== null && posts.messages().length === 0
  let stream = canStream
    ? createSlackStream({ api, place: { ...place, thread }, user, posts, rotateMs: pace.rotateMs })
    : null
  const streaming = async (write: (stream: SlackStream) => Promise<void>) => {
    if (!stream) return
    try {
      await write(stream)
    } catch (error) {
      const kind = isUnavailable(error)
      if (!kind) throw error
      if (kind.everywhere) streams.areAvailable = false
      stream = null
    }
  }
  const draft: Draft = { text: '', citations: [], isBehind: false }
  let updatedAt = -Infinity
  return {
    hear: async (events, signal) => {
      for (const event of events) gather(draft, event)
      await streaming(async (open) => await open.tend(signal))
      if (!draft.isBehind || (!stream && performance.now() - updatedAt < pace.updateMs)) return
      draft.isBehind = false
      const pieces = piecesOf(draft.text, draft.citations, shown.publicUrl)
      await streaming(async (open) => await open.write(settledUnits(pieces, slackMarkdown), signal))
      const units = stream ? [] : settledUnits(pieces, mrkdwn)
      if (units.length === 0) return
      await pages.write(pagesOfUnits(units), signal)
      updatedAt = performance.now()
    },
    finish: async (answer, signal) => {
      let isTold = false
      await streaming(async (open) => {
        const units = unitsOf(bodyOf(answer, shown.publicUrl), slackMarkdown)
        isTold = await open.end(units, footerBlocks(footerOf(answer, shown)), signal)
      })
      if (!isTold) await pages.conclude(pagesOf(answer, shown), signal)
    },
    say: pages.conclude,
  }
}

type Draft = {
  text: string
  readonly citations: Citation[]
  /** more was said than is shown */
  isBehind: boolean
}

function gather(draft: Draft, event: AnswerEvent): void {
  if (event.type === 'citation') draft.citations.push(event.citation)
  if (event.type !== 'text') return
  draft.text += event.delta
  draft.isBehind = true
}
