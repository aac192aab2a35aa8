// What was asked, in the log: only for whoever has asked for that (LOG_QUESTIONS), because questions are about people's work.
import type { Log } from '../../core/log.ts'
import type { Answering } from '../../core/ports.ts'
import { isTerminal } from '../../core/types.ts'
import { lookedAt } from './watch.ts'

export function toldQuestions(answering: Answering, log: Log): Answering {
  return (question, signal) => {
    let status = 'left'
    const events = lookedAt(
      answering(question, signal),
      (event) => {
        if (isTerminal(event)) status = 'answer' in event ? event.answer.status : event.type
      },
      () => log.info({ answer: question.id, question: question.text, status }, 'question'),
    )
    return events
  }
}
