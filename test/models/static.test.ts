// The built-in embedder gives the numbers it was trained to give, and refuses a table that is not whole.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import type { Embedder } from '../../core/ports.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { readWords } from '../../models/static-words.ts'

type Expected = { readonly texts: string[]; readonly first8: number[][]; readonly cosine: number[][] }

const modelFile = new URL('../../models/static/model.bin', import.meta.url)
const vectorsFile = new URL('../../models/static/test-vectors.json', import.meta.url)
const { signal } = new AbortController()

let embedder: Embedder
let expected: Expected
let folder: string

beforeAll(async () => {
  embedder = await openStaticEmbedder()
  expected = JSON.parse(await readFile(vectorsFile, 'utf8')) as Expected
  folder = await mkdtemp(join(tmpdir(), 'footnote-static-'))
})

afterAll(() => rm(folder, { recursive: true }))

async function embedOne(text: string): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], 'query', signal)
  return vector!
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0)
}

describe('the built-in embedder', () => {
  it('gives the numbers of the reference vectors to 1e-5', async () => {
    const vectors = await embedder.embed(expected.texts, 'document', signal)
    for (const [row, numbers] of expected.first8.entries())
      for (const [column, number] of numbers.entries()) expect(vectors[row]![column]).toBeCloseTo(number, 5)
  })

  it('gives the cosines of the reference vectors to 1e-5', async () => {
    const vectors = await embedder.embed(expected.texts, 'document', signal)
    for (const [a, row] of expected.cosine.entries())
      for (const [b, cosine] of row.entries())
        expect(Math.abs(dot(vectors[a]!, vectors[b]!) - cosine)).toBeLessThan(1e-5)
  })

  it('names provider, dimensions and version as its space', () => {
    expect(embedder.space).toBe('built-in/static/256/1')
    expect(embedder.dimensions).toBe(256)
  })

  it('gives vectors of length 1', async () => {
    for (const text of ['a', 'zzzzqqqq', '2024', 'the the the the', 'rate limiting '.repeat(500)])
      expect(Math.hypot(...(await embedOne(text)))).toBeCloseTo(1, 5)
  })

  it('gives the same vector again, alone or among others', async () => {
    const alone = await embedOne('consistent hashing')
    const among = await embedder.embed(['load balancer', 'consistent hashing', 'x'], 'document', signal)
    expect(among[1]).toEqual(alone)
    expect(await embedOne('consistent hashing')).toEqual(alone)
  })

  it('gives zeros for a text without any feature', async () => {
    for (const text of ['', ' \n', '…!?', '日本語', 'x'.repeat(41)])
      expect(await embedOne(text)).toEqual(new Float32Array(256))
  })

  it('stops between two texts when it is aborted', async () => {
    const leaving = new AbortController()
    const texts = Array.from({ length: 100_000 }, (_, index) => `text number ${index}`)
    const embedding = embedder.embed(texts, 'document', leaving.signal)
    leaving.abort(new Error('left'))
    await expect(embedding).rejects.toThrow('left')
  })
})

describe('a word', () => {
  it.each(['bread', 'Oven', 'bakes', 'limits', 'naïve'])('is known when people write it: %s', (word) => {
    expect(embedder.knows?.(word)).toBe(true)
  })

  it.each(['databsae', 'kafak', 'postgers', 'langauge', 'jiter', '', '🎉'])(
    'is not known when it is a slip: %j',
    (word) => {
      expect(embedder.knows?.(word)).toBe(false)
    },
  )
})

describe('words', () => {
  it.each([
    ["Don't PANIC", ['dont', 'panic']],
    ['it’s Café-naïve', ['its', 'cafe', 'naive']],
    ["O(n²) 'quoted'", ['o', 'n2', 'quoted']],
    [`${'a'.repeat(40)} ${'b'.repeat(41)}`, ['a'.repeat(40)]],
  ])('of %j are %j', (text, words) => {
    expect(readWords(text)).toEqual(words)
  })
})

async function openWith(bytes: Uint8Array): Promise<unknown> {
  const file = join(folder, 'broken.bin')
  await writeFile(file, bytes)
  return openStaticEmbedder(pathToFileURL(file)).catch((error: unknown) => error)
}

describe('a table that can not be used', () => {
  it('is named when it is missing', async () => {
    const error = await openStaticEmbedder(pathToFileURL(join(folder, 'none.bin'))).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain('none.bin could not be read')
  })

  it('is refused when it was cut anywhere', async () => {
    const whole = await readFile(modelFile)
    for (const length of [0, 3, 31, 32, 5_000, whole.length - 1]) {
      const error = await openWith(whole.subarray(0, length))
      expect(error).toBeInstanceOf(ConfigError)
      expect(String(error)).toContain('broken.bin')
    }
    expect(String(await openWith(whole.subarray(0, whole.length - 1)))).toContain(
      'has 11797823 bytes where its header announces 11797824',
    )
  })

  it('is refused when it is some other file', async () => {
    expect(String(await openWith(Buffer.from('<!doctype html>'.repeat(10))))).toContain('begins with "<!do"')
  })

  it('is refused when it is of another version', async () => {
    const later = Buffer.from(await readFile(modelFile))
    later.writeUInt32LE(2, 4)
    expect(String(await openWith(later))).toContain('is of version 2')
  })

  it('is refused when its strings do not add up', async () => {
    const odd = Buffer.from(await readFile(modelFile))
    odd[odd.indexOf('\n', 32)] = 0x20
    expect(String(await openWith(odd))).toContain('holds 37999 strings')
  })
})
