// What is seen while questions are answered: on a terminal, and where nobody looks.
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { showQuestions } from '../../eval/progress.ts'

function answerThree(isTTY: boolean): string {
  let text = ''
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk)
      done()
    },
  })
  const terminal = { isTTY, columns: 120, cursorTo: () => true, clearLine: () => true, moveCursor: () => true }
  const progress = showQuestions(3, Object.assign(sink, terminal) as unknown as NodeJS.WriteStream)
  expect(text).toBe('')
  for (const isKept of [true, false, true]) progress.step(isKept)
  progress.stop()
  return text
}

it('a bar says how many questions are answered, on a terminal', () => {
  expect(answerThree(true)).toContain('/3 questions')
})

it('nothing is written where there is no terminal', () => {
  expect(answerThree(false)).toBe('')
})
