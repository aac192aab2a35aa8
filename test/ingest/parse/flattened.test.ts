// Markdown in one line gets its lines back; prose with dashes keeps its own.
import { describe, expect, test } from 'vitest'
import { readPlain } from '../../../ingest/parse/read.ts'

const read = (text: string, source: string) => readPlain(source, new TextEncoder().encode(text))!

const flat =
  'The harbour moved its boats to a **new** pier, which is shorter. --- ### Terms - **Pier**: Where boats lie. - **Tide**: Twice a day (2015 - 2019 less). --- ### Main Points - **The move**: - Took two nights - Cost 40 ropes - **The pier**: - Has 12 rings'

const expected = [
  'The harbour moved its boats to a new pier, which is shorter.',
  '',
  'Terms',
  '',
  '- Pier: Where boats lie.',
  '- Tide: Twice a day (2015 - 2019 less).',
  '',
  'Main Points',
  '',
  '- The move:',
  '  - Took two nights',
  '  - Cost 40 ropes',
  '- The pier:',
  '  - Has 12 rings',
].join('\n')

describe('one line of markdown', () => {
  test('in a digest of plain titles becomes sections of its article', () => {
    const parsed = read(
      `A Shorter Pier\n${flat}\nOld Ropes And New\n${'Hemp rots in the dark of a locker. '.repeat(5)}`,
      'a.txt',
    )
    expect(parsed.text).toContain(expected)
    expect(parsed.outline.map(({ level, title }) => `${level} ${title}`)).toEqual([
      '2 A Shorter Pier',
      '4 Terms',
      '4 Main Points',
      '2 Old Ropes And New',
    ])
  })

  test('in markdown becomes what it was', () => {
    expect(read(`# Piers\n\n${flat}`, 'a.md').text).toBe(`Piers\n\n${expected}`)
  })

  test('is a list when a colon announces three entries', () => {
    const line =
      'A harbour that wants to be found by boats at night needs these things along its pier: - Lamps that burn - Rings to hold - Pilots who know'
    expect(read(line, 'a.md').text).toBe(
      `${line.split(' - ')[0]}\n\n- Lamps that burn\n- Rings to hold\n- Pilots who know`,
    )
  })
})

test.each([
  'The harbour - Ada says - is older than the town, and the pier - Bea says - is older than both of them, which nobody else in the whole town believes.',
  'Trips per year: 2015 - 2016 had 40, 2016 - 2017 had 80, 2017 - 2018 had 160, and then the pier burnt down, so 2018 - 2019 had none at all to count.',
  'In this book a line that begins with the sign ### is a heading, and one that begins with - Is an entry, as every reader of the book will know by now.',
])('stays one line: %s', (line) => {
  expect(read(line, 'a.md').text).toBe(line)
  expect(read(line, 'a.txt').text).toBe(line)
})
