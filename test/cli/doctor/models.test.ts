// One small call to each model, and what is wrong with it in words that somebody can act on.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkEmbedder, checkGenerator } from '../../../cli/doctor/models.ts'
import { readConfig } from '../../../core/config.ts'
import {
  completion,
  embeddings,
  failure,
  openProvider,
  type Provider,
  type Reply,
  streamOf,
} from '../../support/provider.ts'

const never = new AbortController().signal
let provider: Provider

beforeEach(async () => {
  provider = await openProvider()
})
afterEach(() => provider[Symbol.asyncDispose]())

function config(more: Record<string, string> = {}) {
  return readConfig({ OPENAI_API_KEY: 'sk-secret', OPENAI_BASE_URL: provider.baseUrl, CHAT_MODEL: 'm', ...more })
}

describe('the model', () => {
  it('that answers is told with its time, asked once for a word', async () => {
    provider.play([streamOf(completion(['ok']))])
    expect(await checkGenerator(config(), never)).toEqual([
      { level: 'fine', found: expect.stringMatching(/^m \(CHAT_MODEL\) answers, \d+ ms$/) as string, remedy: null },
    ])
    expect(provider.requests).toHaveLength(1)
  })

  it('that is not configured is fine: answers are extracts', async () => {
    expect(await checkGenerator(readConfig({}), never)).toMatchObject([{ level: 'fine' }])
  })

  const faults: [name: string, reply: Reply, level: string, found: RegExp, remedy: RegExp][] = [
    ['the key', failure(401, { message: 'sk-secret' }), 'wrong', /answered 401, the key is not/, /Set OPENAI_API_KEY/],
    ['the right to use it', failure(403, {}), 'wrong', /answered 403, the key is not/, /Set OPENAI_API_KEY/],
    ['its name', failure(404, { code: 'model_not_found' }), 'wrong', /404 to model "m", model or/, /Set CHAT_MODEL/],
    ['the quota', failure(429, { code: 'insufficient_quota' }), 'wrong', /credit of this key is spent/, /Fill it/],
    ['the rate', failure(429, { code: 'rate_limit_exceeded' }), 'look', /too many requests/, /Wait a moment/],
    ['the provider', failure(503, {}), 'wrong', /answered 503 \(status 503/, /status page/],
    [
      'the address',
      { headers: { 'content-type': 'text/html' }, body: ['<html>'] },
      'wrong',
      /instead of an event stream/,
      /OPENAI_BASE_URL/,
    ],
    ['the kind', streamOf(completion([])), 'wrong', /ended without a word/, /is a chat model/],
  ]
  it.each(faults)('refused for %s says so, once, without its words', async (_name, reply, level, found, remedy) => {
    provider.play([reply])
    const [finding] = await checkGenerator(config(), never)
    expect(finding).toEqual({
      level,
      found: expect.stringMatching(found) as string,
      remedy: expect.stringMatching(remedy) as string,
    })
    expect(JSON.stringify(finding)).not.toContain('sk-secret')
    expect(provider.requests).toHaveLength(1)
  })

  it('that says nothing is left at the deadline', async () => {
    provider.play([{ ending: 'silent' }])
    expect(await checkGenerator(config(), never, 2_000)).toMatchObject([
      { level: 'wrong', found: 'm (CHAT_MODEL) did not answer within 2 s' },
    ])
    await provider.requests[0]!.left
  })

  it('where nothing listens is told by its address', async () => {
    await provider[Symbol.asyncDispose]()
    expect(await checkGenerator(config(), never)).toMatchObject([
      {
        level: 'wrong',
        found: expect.stringMatching(/127\.0\.0\.1:\d+ could not be reached.*ECONNREFUSED/) as string,
        remedy: expect.stringContaining('start the model server, or correct OPENAI_BASE_URL') as string,
      },
    ])
    provider = await openProvider()
  })

  it('is left when the reader has had enough', async () => {
    provider.play([{ ending: 'silent' }])
    const leaving = new AbortController()
    const checking = checkGenerator(config(), leaving.signal)
    setTimeout(() => leaving.abort(), 100)
    await expect(checking).rejects.toThrow('aborted')
  })
})

describe('the embedder', () => {
  it('of the provider tells its space and its size', async () => {
    provider.play([embeddings([[3, 4]])])
    const { embedder, findings } = await checkEmbedder(config({ EMBEDDING_MODEL: 'e' }), never)
    expect(embedder?.space).toMatch(/\/e\/2\/1$/)
    expect(findings).toMatchObject([{ level: 'fine', found: expect.stringMatching(/^e \(.*, 2 numbers$/) as string }])
  })

  it('that does not exist is told by its own setting', async () => {
    provider.play([failure(404, {})])
    const { embedder, findings } = await checkEmbedder(config({ EMBEDDING_MODEL: 'e' }), never)
    expect(embedder).toBeNull()
    expect(findings).toMatchObject([
      { level: 'wrong', remedy: expect.stringContaining('Set EMBEDDING_MODEL to') as string },
    ])
  })

  it('that is built in is asked for a vector as well', async () => {
    const { embedder, findings } = await checkEmbedder(readConfig({}), never)
    expect(embedder?.dimensions).toBe(256)
    expect(findings).toMatchObject([{ level: 'fine', found: expect.stringContaining('256 numbers') as string }])
  })
})
