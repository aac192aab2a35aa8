// The fakes are deterministic and say what they are.
import { describe, expect, it } from 'vitest'
import { ModelError } from '../../core/errors.ts'
import type { GeneratorEvent, Message } from '../../core/ports.ts'
import { failingGenerator, fakeEmbedder, fakeGenerator } from '../../models/fake.ts'

const never = new AbortController().signal

describe('fake models', () => {
  it('say that they are fakes', () => {
    const names = [fakeGenerator([]).model, failingGenerator(new ModelError('model-refused', 'x')).model]
    for (const name of [...names, fakeEmbedder().space]) expect(name).toContain('fake')
  })

  it('write a script made from the messages', async () => {
    const generator = fakeGenerator((messages) => [`You asked: ${messages.at(-1)!.content}`])
    const events: GeneratorEvent[] = []
    const messages: Message[] = [{ role: 'user', content: 'How?' }]
    for await (const event of generator.stream(messages, never)) events.push(event)
    expect(events).toEqual([
      { type: 'text', delta: 'You asked: How?' },
      { type: 'finish', reason: 'stop', inputTokens: 1, outputTokens: 4 },
    ])
  })

  it('stop writing when they are aborted', async () => {
    const leaving = new AbortController()
    const reading = (async () => {
      for await (const _ of fakeGenerator(['a', 'b']).stream([], leaving.signal)) leaving.abort(new Error('left'))
    })()
    await expect(reading).rejects.toThrow('left')
  })

  it('embed alike what shares words, with unit vectors of 32 dimensions', async () => {
    const texts = ['rate limit the api', 'limit the rate', 'consistent hashing ring', '', '…']
    const vectors = await fakeEmbedder().embed(texts, 'document', never)
    for (const vector of vectors) {
      expect(vector).toHaveLength(32)
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    }
    const cosine = (a: number, b: number) => vectors[a]!.reduce((sum, value, i) => sum + value * vectors[b]![i]!, 0)
    expect(cosine(0, 1)).toBeGreaterThan(cosine(0, 2) + 0.2)
    expect(await fakeEmbedder().embed(texts, 'query', never)).toEqual(vectors)
  })
})
