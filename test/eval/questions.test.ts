import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { normalise, readCases } from '../../eval/questions.ts'
import { folderOfFile } from '../support/folder.ts'

let folder = ''
beforeAll(async () => {
  folder = await folderOfFile()
  await mkdir(join(folder, 'library'))
  await writeFile(join(folder, 'library', 'a.txt'), '# Title\n\nRedis keeps the *counts*.\nToo short\nThe end of it.\n')
})

const good = {
  id: 'q1',
  kind: 'direct',
  question: 'Why?',
  answerable: true,
  sources: [{ file: 'a.txt', lines: [3, 5] }],
  facts: [['x']],
}

async function read(...lines: readonly (string | object)[]) {
  const set = join(folder, 'set.jsonl')
  await writeFile(set, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  return await readCases(set, join(folder, 'library'))
}

describe('a set of questions', () => {
  it('is read with the words of its places, but for lines that say too little', async () => {
    const cases = await read(
      good,
      '',
      { ...good, id: 'q2', sources: [], history: [{ question: 'a', answer: 'b' }] },
      '',
    )
    expect(cases.map(({ id }) => id)).toEqual(['q1', 'q2'])
    expect(cases[0]).toMatchObject({ history: [], gold: ['redis keeps the counts', 'the end of it'] })
    expect(cases[1]).toMatchObject({ history: [{ question: 'a', answer: 'b' }], gold: [] })
  })

  it('may say more than is read, and has no place where no text could be known to hold it', async () => {
    const [one] = await read({ ...good, must_not: ['x'], sources: [{ file: 'a.txt', lines: [2, 2], heading: 'H' }] })
    expect(one).toMatchObject({ id: 'q1', places: [], gold: [] })
  })

  it.each<[string, readonly (string | object)[], RegExp]>([
    ['no JSON', [good, '{"id":'], /set\.jsonl, line 2: /],
    ['a part that is missing', [good, '', { ...good, question: undefined }], /set\.jsonl, line 3: .*question/],
    ['a part of another type', [{ ...good, answerable: 'yes' }], /set\.jsonl, line 1: .*answerable/],
    [
      'a file that is not there',
      [good, { ...good, id: 'q2', sources: [{ file: 'b.txt', lines: [1, 1] }] }],
      /set\.jsonl, line 2: .*b\.txt/,
    ],
    [
      'lines that its file does not have',
      [{ ...good, sources: [{ file: 'a.txt', lines: [3, 40] }] }],
      /set\.jsonl, line 1: .*a\.txt/,
    ],
    ['a name with a slip', [{ ...good, eithr: true }], /set\.jsonl, line 1: eithr .* is either meant/],
    ['a fact without a wording', [good, { ...good, id: 'q2', facts: [[]] }], /line 2: facts\.0: has no wording/],
    ['an empty wording', [{ ...good, facts: [['x', ' ']] }], /line 1: facts\.0\.1: is empty/],
    ['an empty question', [{ ...good, question: ' ' }], /line 1: question: is empty/],
    ['an id that is there twice', [good, good], /set\.jsonl, line 2: .*q1/],
    ['lines from 0', [{ ...good, sources: [{ file: 'a.txt', lines: [0, 1] }] }], /set\.jsonl, line 1: /],
    [
      'lines in the wrong order',
      [{ ...good, sources: [{ file: 'a.txt', lines: [4, 3] }] }],
      /set\.jsonl, line 1: .*a\.txt/,
    ],
  ])('with %s is refused, by file and line', async (_fault, lines, message) => {
    await expect(read(...lines)).rejects.toMatchObject({ name: 'InputError', message: expect.stringMatching(message) })
  })

  it('that is not there is named', async () => {
    await expect(readCases(join(folder, 'none.jsonl'), folder)).rejects.toThrow(/none\.jsonl cannot be read/)
  })
})

describe('the common form of a line', () => {
  it.each([
    ['**Redis**, “keeps”\tthe—counts!', 'redis keeps the counts'],
    ['[the docs](https://example.com/?a=1) say', 'the docs say'],
    ['a <br/> b&c', 'a b c'],
    ['ﬁve １０', 'five 10'],
    ['—', ''],
  ])('of %j is %j', (line, form) => {
    expect(normalise(line)).toBe(form)
    expect(normalise(form)).toBe(form)
  })
})
