// Sections written as high as articles, put back below them.
import { describe, expect, test } from 'vitest'
import { readPlain } from '../../../ingest/parse/read.ts'

function outlineOf(markdown: string): string[] {
  const { outline } = readPlain('harbour.md', new TextEncoder().encode(markdown))!
  return outline.map(({ level, title }) => `${level} ${title}`)
}

const headings = (...lines: string[]) => lines.map((line) => `${line}\n\nSome words about it.\n\n`).join('')
const body = headings('# Ropes', '## Hemp', '# Results', '# Sails', '### Canvas', '# Results', '## Cost')

describe('a contents page', () => {
  const repaired = ['1 Ropes', '2 Hemp', '2 Results', '1 Sails', '3 Canvas', '2 Results', '3 Cost']

  test.each([
    ['in bold', '<b>Ropes</b>\t<b>1</b>\nHemp\t2\nResults\t3\n**Sails**\t**4**\nCanvas\t5\nResults\t6'],
    ['by indentation', '- Ropes\n  - Hemp\n  - Results\n- Sails\n  - Canvas\n  - Results'],
    ['by number', '1 Ropes\t1\n1.1 Hemp\t2\n1.2 Results\t3\n2 Sails\t4\n2.1 Canvas\t5\n2.2 Results\t6'],
  ])('that tells articles from sections %s repairs the levels', (_, contents) => {
    expect(outlineOf(`# Contents\n\n${contents}\n\n${body}`).slice(1)).toEqual(repaired)
  })

  test('in which all entries look alike repairs nothing', () => {
    expect(outlineOf(`# Contents\n\nRopes\t1\nHemp\t2\nResults\t3\nSails\t4\n\n${body}`).slice(1)).toEqual([
      '1 Ropes',
      '2 Hemp',
      '1 Results',
      '1 Sails',
      '3 Canvas',
      '1 Results',
      '2 Cost',
    ])
  })

  test('that leaves an article out gives its sections to that article', () => {
    const contents = '<b>Ropes</b>\t1\nHemp\t2\nResults\t5\n<b>Sails</b>\t7\nCanvas\t8'
    const text = headings('# Ropes', '## Hemp', '# Oars', '# Results', '# Sails', '# Canvas')
    expect(outlineOf(`# Contents\n\n${contents}\n\n${text}`).slice(1)).toEqual([
      '1 Ropes',
      '2 Hemp',
      '1 Oars',
      '2 Results',
      '1 Sails',
      '2 Canvas',
    ])
  })

  test('moves what stands below a section along with it', () => {
    const contents = '<b>Ropes</b>\t1\nMaking\t2\nSelling\t5\n<b>Sails</b>\t7'
    const text = headings('# Ropes', '# Making', '## Spinning', '## Selling', '# Sails')
    expect(outlineOf(`# Contents\n\n${contents}\n\n${text}`).slice(1)).toEqual([
      '1 Ropes',
      '2 Making',
      '3 Spinning',
      '2 Selling',
      '1 Sails',
    ])
  })
})

describe('without a contents page', () => {
  test('a heading between two of its kind stands as deep as the one before it', () => {
    expect(outlineOf(headings('# Knots', '### Hemp Based Knots', '# Jute Based Knots', '## Wire Based Knots'))).toEqual(
      ['1 Knots', '3 Hemp Based Knots', '3 Jute Based Knots', '2 Wire Based Knots'],
    )
  })

  test('any other keeps its level', () => {
    expect(outlineOf(headings('# Knots', '## Hemp Based Knots', '# Jute Based Knots', '## Prices'))).toEqual([
      '1 Knots',
      '2 Hemp Based Knots',
      '1 Jute Based Knots',
      '2 Prices',
    ])
  })
})
