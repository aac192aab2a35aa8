// The ends of a model's answer: too long, stopped in a sentence, and footnotes to what the model did not read.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { AnswerEvent, Passage } from '../../../core/types.ts'
import type { Generator } from '../../../core/ports.ts'
import { withBudget } from '../../../models/budget.ts'
import { withGeneratorRetries } from '../../../models/retry.ts'
import { newDraft } from '../../../server/answer/draft.ts'
import { generate } from '../../../server/answer/generate.ts'
import { depsOf, foundOf, libraryOf, passagesOf, questionOf } from '../../support/passages.ts'

const question = questionOf('How are requests counted?')
const sources = passagesOf('Redis keeps the counts of every user.', 'Kafka orders the events.')

type Told = { whenLeft?: () => void; beforeEach?: (index: number) => void }

function modelOf(deltas: readonly string[], { whenLeft, beforeEach }: Told = {}): Generator {
  return {
    model: 'fake',
    async *stream() {
      try {
        for (const [index, delta] of deltas.entries()) {
          beforeEach?.(index)
          yield { type: 'text', delta }
        }
        yield { type: 'finish', reason: 'stop', inputTokens: 1, outputTokens: 1 }
      } finally {
        whenLeft?.()
      }
    },
  }
}

async function written(generator: Generator, passages: readonly Passage[] = sources, aborter = new AbortController()) {
  const draft = newDraft(question, 'generative', { generator, embedder: { space: 'fake' } })
  const events: AnswerEvent[] = []
  let error: unknown = null
  try {
    const deps = { ...depsOf(libraryOf()), generator }
    for await (const event of generate(draft, question, foundOf(question.text), passages, deps, aborter.signal))
      events.push(event)
  } catch (thrown) {
    error = thrown
  }
  return { events, error, ...draft.finish('answered') }
}

describe('a model without an end', () => {
  it('is left after 20,000 characters, and its answer counts as cut off', async () => {
    let left = false
    let asked = 0
    const generator = modelOf(
      Array.from({ length: 1_000 }, () => 'Redis counts. 🚦'.repeat(10)),
      { whenLeft: () => (left = true), beforeEach: () => asked++ },
    )
    const { answer, fallback, statements } = await written(generator)
    expect(answer.length).toBeGreaterThan(19_900)
    expect(answer.length).toBeLessThanOrEqual(20_000)
    expect(answer.isWellFormed()).toBe(true)
    expect(fallback).toBe('model-cut-off')
    expect(statements.at(-1)!.end).toBeGreaterThan(19_900)
    expect(left).toBe(true)
    expect(asked).toBeLessThan(200)
  })

  it.each(['a. b ', 'word ', '.', ' ', '\n'])('holds up nobody while it repeats %j', async (part) => {
    const began = performance.now()
    await written(modelOf([`x${part.repeat(80_000)}`]))
    expect(performance.now() - began).toBeLessThan(1_500)
  })

  it('is cancelled and not just left: the answer knows what it has cost', async () => {
    const spending = { reserve: async () => ({ day: '2026-01-01', usd: 0.1 }), settle: async () => {} }
    const endless: Generator = {
      model: 'fake/endless',
      async *stream(_messages, signal) {
        for (;;) {
          await nextTurn()
          signal.throwIfAborted()
          yield { type: 'text', delta: 'Redis counts. '.repeat(40) }
        }
      },
    }
    const price = { inputUsd: 1, outputUsd: 2 }
    const budget = { price, limitUsd: 5, mostOutputTokens: 4_096, library: 'main', spending, report: () => {} }
    const { usage, fallback, error } = await written(withGeneratorRetries(withBudget(endless, budget)))
    expect([error, fallback]).toEqual([null, 'model-cut-off'])
    expect(usage.outputTokens).toBeGreaterThan(3_000)
    expect(usage.costUsd).toBeGreaterThan(0)
  })

  it('may say 20,000 characters', async () => {
    const { answer, fallback } = await written(modelOf(['x'.repeat(20_000)]))
    expect([answer.length, fallback]).toEqual([20_000, null])
  })
})

it('a sentence under way when its answer is stopped gets its verdict', async () => {
  const aborter = new AbortController()
  const generator = modelOf(['Redis keeps the counts [1]. Kafka orders [2', '] and more'], {
    beforeEach: (index) => index === 1 && aborter.abort(),
  })
  const { answer, statements, error, events } = await written(generator, sources, aborter)
  expect(error).toBe(aborter.signal.reason)
  expect(answer).toBe('Redis keeps the counts [1]. Kafka orders')
  expect(statements).toHaveLength(2)
  expect(statements.at(-1)!.end).toBe(answer.length)
  expect(events.at(-1)?.type).toBe('verdict')
})

it('a passage that the model did not get to read cannot be cited', async () => {
  const passages = passagesOf('Redis keeps the counts.', 'x '.repeat(4_000), 'Kafka orders the events.')
  const { citations } = await written(modelOf(['Kafka orders the events [3]. Redis keeps the counts [1].']), passages)
  expect(citations.map(({ passage }) => passage)).toEqual([1])
})
