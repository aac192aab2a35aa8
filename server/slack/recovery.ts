// What became of a question that was tried before, by this process or one that died.
import type { Answer, AnswerEvent } from '../../core/types.ts'
import { newAnswerId } from '../answer/answer.ts'
import { beats } from './beats.ts'
import { findPosts, type Place } from './posts.ts'
import type { SlackQuestion } from './tasks.ts'
import type { Notebook, Voicing } from './voice.ts'

type Past = { readonly asked: SlackQuestion; readonly place: Place; readonly notebook: Notebook; readonly id: string }

/** What an earlier try has come to: its finished answer, or null when the question is to be asked (again). */
export async function recover(
  voicing: Voicing,
  { asked, place, notebook, id }: Past,
  signal: AbortSignal,
): Promise<Answer | null> {
  const events = await voicing.live.follow(voicing.library, id, 0, signal)
  const heard: AnswerEvent[] = []
  // An answer of a process that died is silent for long before it is taken for dead.
  if (events)
    for await (const batch of beats(events, voicing.pace.everyMs, signal))
      heard.push(...batch.map(({ event }) => event))
  const said = heard.map((event) => (event.type === 'text' ? event.delta : '')).join('')
  const last = heard.at(-1)
  const { messages = [] } = notebook.now()
  const found = asked.isPrivate ? [] : await findPosts(voicing.api, place, { answerId: id, said }, signal)
  const lost = found.filter((ts) => !messages.includes(ts))
  if (lost.length > 0) await notebook.note({ messages: [...messages, ...lost] })
  if (last && 'answer' in last && last.type !== 'stopped') return last.answer
  // Its process ended, or the model failed: an answer that has ended so cannot go on.
  if (events) await notebook.note({ answerId: newAnswerId() })
  return null
}
