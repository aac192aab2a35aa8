import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { loadSynonyms, parseSynonyms } from '../../../server/answer/synonyms.ts'

const synonyms = parseSynonyms(`# Machines
db = databases = data store

replicate, copy > replica
  # an indented remark = not an entry
a =
single`)

describe('the synonym list', () => {
  it('finds every word of a group from every other, stemmed, and no word from itself', () => {
    expect(synonyms.of('databas')).toEqual(['db', 'data store'])
    expect(synonyms.of('data store')).toEqual(['db', 'databas'])
    expect(synonyms.of('db')).toEqual(['databas', 'data store'])
  })

  it('goes one way where an arrow says so', () => {
    expect(synonyms.of('copi')).toEqual(['replica'])
    expect(synonyms.of('replic')).toEqual(['replica'])
    expect(synonyms.of('replica')).toEqual([])
  })

  it('knows nothing of words that are not listed, of remarks and of entries of one word', () => {
    for (const phrase of ['', 'redis', 'singl', 'machin', 'an indent remark', 'a'])
      expect(synonyms.of(phrase)).toEqual([])
  })

  it('tells the length of its longest phrase', () => {
    expect(synonyms.longest).toBe(2)
    expect(parseSynonyms('').longest).toBe(1)
  })

  it('reads lines of Windows as any other', () => {
    expect(parseSynonyms('db = database\r\nvm = virtual machine\r\n').of('db')).toEqual(['databas'])
  })
})

describe('the list of this project', () => {
  it('has no line that says nothing', async () => {
    const text = await readFile(new URL('../../../server/answer/synonyms.txt', import.meta.url), 'utf8')
    for (const line of text.split('\n').filter((each) => each.trim() !== '' && !each.startsWith('#')))
      expect(line).toMatch(/^[^=>]+(?: = [^=>]+)+$|^[^=>]+ > [^=>]+$/)
  })

  it('is read once', async () => {
    expect(await loadSynonyms()).toBe(await loadSynonyms())
    expect((await loadSynonyms()).of('db')).toContain('databas')
  })
})
