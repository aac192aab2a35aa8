// The least that answers in Slack and can be taken over at any moment: what was said is remembered, and looked for when
// an earlier attempt could not remember it.
import { WebClient } from '@slack/web-api'
import { pino } from 'pino'
import { slackLogger } from '../../server/slack/logger.ts'
import type { Perform } from '../../server/slack/tasks.ts'

/** Says `answer to <text>` in the thread of each question. */
export function createEcho(apiUrl: string): Perform {
  const client = new WebClient('xoxb-1', {
    slackApiUrl: apiUrl,
    logger: slackLogger(pino({ level: 'silent' })),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  })
  return async (task, attempt, signal) => {
    if (task.type === 'action' || task.ts === null || attempt.progress.isOver) return
    const place = { channel: task.channel, thread_ts: task.thread ?? task.ts }
    if (attempt.number > 1) {
      const { messages = [] } = await client.conversations.replies({ channel: place.channel, ts: place.thread_ts })
      const isSaid = messages.some(
        ({ metadata }) => (metadata?.event_payload as { task?: string })?.task === attempt.id,
      )
      if (isSaid) return await attempt.remember({ isOver: true })
    }
    await attempt.remember({ answerId: `ans_${attempt.number}` })
    signal.throwIfAborted()
    const metadata = { event_type: 'answer', event_payload: { task: attempt.id } }
    const { ts = '' } = await client.chat.postMessage({ ...place, text: `answer to ${task.text}`, metadata })
    await attempt.remember({ messages: [ts], isOver: true })
  }
}
