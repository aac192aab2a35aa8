// Follow-up questions, searched for in several ways.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Learn } from '../../eval/command.ts'
import { type Case, readCases } from '../../eval/questions.ts'
import { overRewriting, turns } from '../../eval/turns.ts'
import { folderOfFile } from '../support/folder.ts'
import { depsOf, documentOf, libraryOf, never } from '../support/passages.ts'

const limiters = 'Stripe runs four limiters of its rate in production, and each of them uses a token bucket.'
// Six others say more of the words of a bare follow-up, so that it finds nothing by itself.
const others = ['Bread', 'Violins', 'Glaciers', 'Locks', 'Bees', 'Clocks'].map((name) =>
  documentOf(
    name,
    `${name}: production of them in a bucket, and production again, each one in a bucket of production.`,
  ),
)
const learn: Learn = async () => depsOf(libraryOf(...others, documentOf('stripe', limiters)))

let paths: { readonly set: string; readonly library: string }
beforeAll(async () => {
  const folder = await folderOfFile()
  paths = { set: join(folder, 'set.jsonl'), library: join(folder, 'library') }
  await mkdir(paths.library)
  await writeFile(join(paths.library, 'stripe.md'), limiters)
})

const source = { file: 'stripe.md', lines: [1, 1] }
const base = { kind: 'direct', answerable: true, sources: [source], facts: [] }
const history = [{ question: 'How does Stripe limit its rate?', answer: 'With limiters.' }]

async function write(...cases: readonly object[]): Promise<Case[]> {
  const lines = cases.map((each, at) => JSON.stringify({ ...base, id: `q${at}`, ...each }))
  await writeFile(paths.set, lines.join('\n'))
  return await readCases(paths.set, paths.library)
}

describe('follow-up questions', () => {
  it('are searched for alone, with their history, rewritten by us and as the set rewrote them', async () => {
    await write(
      {
        question: 'And how do they use it in production in a bucket?',
        history,
        rewrite: 'Stripe limiters of its rate',
      },
      { question: 'How does Stripe limit its rate?' },
      { question: 'Who won?', answerable: false, sources: [], history },
    )
    const table = await turns(paths, {}, learn, never)
    expect(table[0]).toBe('1 of 3 questions lean on a history, 1 of them with a given rewrite')
    const rows = table.slice(2, 6).map((line) => line.split(/ {2,}/).slice(0, 3))
    expect(rows).toEqual([
      ['last turn alone', '1', '0.000 [–]'],
      ['all questions', '1', '1.000 [–]'],
      ['our rewrite', '1', '1.000 [–]'],
      ['given rewrite', '1', '1.000 [–]'],
    ])
    expect(table[6]).toMatch(/^gap closed, of 1: hit@5 1\.00, nDCG@10 /)
    expect(table[7]).toBe('stand-alone questions changed: 0 % [0 %, 79 %]')
  })

  it('without a given rewrite have no gap to close', async () => {
    await write({ question: 'And why?', history })
    const table = await turns(paths, {}, learn, never)
    expect(table[5]).toMatch(/^given rewrite +0 +– +–$/)
    expect(table.slice(6)).toEqual(['gap closed, of 0: hit@5 –, nDCG@10 –', 'stand-alone questions changed: –'])
  })
})

describe('over-rewriting', () => {
  it('counts questions that stand alone and are changed: those the set leaves as they are, and those lent a history', async () => {
    const cases = await write(
      { question: 'And what is Redis?', history, rewrite: 'And what is Redis?' },
      { question: 'And why do they?', history, rewrite: 'Why does Stripe limit its rate?' },
      { question: 'Who built the press?' },
      { question: 'But what is a violin made of?' },
    )
    expect(overRewriting(cases)).toMatch(/^33 % /)
  })
})
