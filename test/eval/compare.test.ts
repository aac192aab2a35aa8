// Two runs side by side: what is compared, what is left out, and what is said first.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compare, compareRuns } from '../../eval/compare.ts'
import { type Asked, writeRun } from '../../eval/record.ts'
import { folderOfFile } from '../support/folder.ts'
import { never } from '../support/passages.ts'
import { askedWith, runWith } from '../support/runs.ts'

const ids = Array.from({ length: 40 }, (_, at) => `q${String(at).padStart(2, '0')}`)

/** 40 questions of two kinds, of which these lose their source, and these all that they have. */
function questions(lost: readonly string[] = [], ruined: readonly string[] = []): Asked[] {
  return ids.map((id, at) => {
    const isRuined = ruined.includes(id)
    const scores = {
      grounded_correct: isRuined ? 0 : 1,
      hit_5: isRuined || lost.includes(id) ? 0 : 1,
      false_refusal: isRuined ? 1 : 0,
      refused: isRuined ? 1 : 0,
      cited_rate: isRuined ? null : 1,
    }
    return askedWith(id, { kind: at % 2 === 0 ? 'list' : 'typo', scores })
  })
}

const judged = (scores: Asked['scores']) => runWith(ids.map((id) => askedWith(id, { scores })))
const a = runWith(questions(), { name: 'before' })
const lineOf = (lines: readonly string[], start: string) => lines.find((line) => line.startsWith(start)) ?? ''

const learn = async () => await Promise.reject(new Error('nothing is learned for it'))

describe('a comparison', () => {
  const lines = compareRuns(a, runWith(questions(['q03'], ['q04', 'q07']), { name: 'after' }))

  it('has a line for every metric, with its difference, interval and p', () => {
    // 3 of 40 lost: exact p = 2 / 8.
    expect(lineOf(lines, 'hit_5')).toMatch(
      /^hit_5 +40 +1\.000 +0\.925 +-0\.075 \[-0\.1[57]\d, 0\.000\] +0\.\d{4} +0\.\d{4} +0 +3 +0\.2500 +0\.1\d\d$/,
    )
    expect(lineOf(lines, 'false_refusal')).toMatch(/ 0\.000 +0\.050 +\+0\.050 \[0\.000, \+0\.\d+\].* 0 +2 +0\.5000/)
    expect(lineOf(lines, 'cited_rate')).toMatch(/^cited_rate +38 +1\.000 +1\.000 +0\.000 \[0\.000, 0\.000\]/)
  })

  it('adjusts p for the metrics that are gated, and for no other', () => {
    const [p, adjusted] = /(0\.\d{4}) +([01]\.\d{4}) +0 +3/.exec(lineOf(lines, 'hit_5'))?.slice(1).map(Number) ?? []
    // Three metrics with a margin are gated here, and this has the smallest p of them.
    expect(adjusted).toBeCloseTo((p ?? 0) * 3, 3)
    expect(lineOf(lines, 'refused')).toMatch(/\] +0\.\d{4} +0\.5000 +0\.\d{3}$/)
  })

  it('shows each kind by itself', () => {
    expect(lineOf(lines, 'B − A')).toMatch(/^B − A \(better : worse\) +n +grounded_correct +hit_5 +false_refusal/)
    expect(lineOf(lines, 'list')).toMatch(/^list +20 +-0\.050 \(0 : 1\) +-0\.050 \(0 : 1\) +\+0\.050 \(0 : 1\)/)
    expect(lineOf(lines, 'typo')).toMatch(/^typo +20 +-0\.050 \(0 : 1\) +-0\.100 \(0 : 2\)/)
  })

  it('names the questions that have changed, the worst first', () => {
    const from = lines.findIndex((line) => line.startsWith('3 questions have changed'))
    expect(lines.slice(from + 1)).toEqual([
      'q04 (list): What is q04?',
      '    grounded_correct 1 → 0, hit_5 1 → 0, false_refusal 0 → 1, cited_rate 1 → –',
      'q07 (typo): What is q07?',
      '    grounded_correct 1 → 0, hit_5 1 → 0, false_refusal 0 → 1, cited_rate 1 → –',
      'q03 (typo): What is q03?',
      '    hit_5 1 → 0',
    ])
  })

  it('of a run with itself finds nothing', () => {
    expect(compareRuns(a, a).at(-1)).toBe('No question has changed.')
  })

  it('is over the questions that both have in the same words and answered, and says what is left out', () => {
    const changed = questions().map((asked, at) => {
      if (at === 0) return { ...asked, hash: 'other words' }
      return at === 1 ? { ...asked, outcome: null, fault: 'down', scores: {} } : asked
    })
    const said = compareRuns(a, runWith(changed.slice(0, 30))).find((line) => line.includes('are compared'))
    expect(said).toMatch(/^28 questions are compared; .*: 12 of A, 2 of B$/)
  })

  it('says so when the documents are not known to be the same', () => {
    const line = 'The documents are not known to be the same'
    const isSaid = (hash: string | null) =>
      compareRuns(a, { ...a, library: { folder: 'docs', hash } }).filter((each) => each.startsWith(line))
    expect(isSaid('library-1')).toEqual([])
    expect(isSaid('library-2')).toEqual([`${line}: A has library (library-1), B has docs (library-2).`])
    expect(isSaid(null)).toEqual([`${line}: A has library (library-1), B has docs (as a server has it).`])
  })

  it('calls more contradictions worse, and says nothing of what it does not know', () => {
    const before = judged({ judgeContradicted: 0, theirs: 0 })
    const worse = compareRuns(before, judged({ judgeContradicted: 1, theirs: 1 }))
    expect(lineOf(worse, 'judgeContradicted')).toMatch(/ 0 +40 +0\.0000/)
    expect(lineOf(worse, 'theirs')).toMatch(/ \[\+1\.000, \+1\.000\] +0\.0002 +0\.0000/)
  })

  it('of different sets is refused in a sentence that names both', () => {
    const other = runWith(questions(), { name: 'other', set: { file: 'their.jsonl', hash: 'set-2' } })
    expect(() => compareRuns(a, other)).toThrow(/^before and other are of different sets .*their\.jsonl/)
  })

  it('reads the runs from their files, and wants two', async () => {
    const path = join(await folderOfFile(), 'run.json')
    await writeRun(path, a)
    const paths = { set: '', library: '' }
    const [lines, exitCode] = await compare([path, path], paths, {}, learn, never)
    expect(exitCode).toBe(0)
    expect(lines).toEqual(compareRuns(a, a))
    await expect(compare([path], paths, {}, learn, never)).rejects.toThrow('give the files of two runs')
    await expect(compare([path, `${path}.none`], paths, {}, learn, never)).rejects.toThrow('cannot be read')
  })
})
