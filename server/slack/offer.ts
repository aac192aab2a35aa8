// What is added under an answer for one reader who could read more than the others there.
import { audienceNames } from '../../core/audience.ts'
import type { Answer, Passage } from '../../core/types.ts'
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
    const passages = await searching(answer.query || answer.question, own, signal)
    if (!(await haveLimited(voicing, passages, audienceNames(everyone)))) return
    await whisper(api, { channel, thread: asked.thread ?? asked.ts, user }, privateOffer(answer.id), signal)
  } catch (error) {
    signal.throwIfAborted()
    // The answer stands; what could be added is not worth a second try.
    log.warn({ err: error }, 'more could not be offered in slack')
  }
}

/** Whether one of them is of a document that is for none of these readers. */
async function haveLimited(
  { documents, library }: Voicing,
  passages: readonly Passage[],
  readers: readonly string[],
): Promise<boolean> {
  const ids = [...new Set(passages.map(({ document }) => document.id))]
  const found = await Promise.all(ids.map(async (id) => await documents.find(library, id)))
  const audiences = found.map((document) => document?.audience ?? [])
  return audiences.some((audience) => audience.length > 0 && !audience.some((name) => readers.includes(name)))
}
