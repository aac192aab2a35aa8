// What is added under an answer for one reader who could read more than the others there.
import type { Answer } from '../../core/types.ts'
import { privateOffer } from './blocks.ts'
import { whisper } from './posts.ts'
import { isForOne, type SlackQuestion } from './tasks.ts'
import type { Voicing } from './voice.ts'

/** Tells the asker alone when documents that others here may not read have more about it. */
export async function offerMore(
  voicing: Voicing,
  asked: SlackQuestion,
  answer: Answer,
  signal: AbortSignal,
): Promise<void> {
  if (isForOne(asked)) return
  const { api, audiences, searching, log } = voicing
  const { channel, user } = asked
  try {
    const everyone = await audiences.ofChannel(channel, signal)
    const own = [...new Set([...everyone, ...(await audiences.ofUser(user, signal))])]
    if (own.length === everyone.length) return
    const query = answer.query || answer.question
    const [open, all] = await Promise.all([everyone, own].map(async (names) => await searching(query, names, signal)))
    const known = new Set(open?.map(({ document }) => document.id))
    if (!all?.some(({ document }) => !known.has(document.id))) return
    await whisper(api, { channel, thread: asked.thread ?? asked.ts, user }, privateOffer(answer.id), signal)
  } catch (error) {
    signal.throwIfAborted()
    // The answer stands; what could be added is not worth a second try.
    log.warn({ err: error }, 'more could not be offered in slack')
  }
}
