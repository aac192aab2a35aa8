// Paragraphs that a page break cut in two.
import { describe, expect, test } from 'vitest'
import { readPlain } from '../../../ingest/parse/read.ts'

const textOf = (text: string, source = 'a.md') => readPlain(source, new TextEncoder().encode(text))!.text

describe('two halves of a sentence', () => {
  test.each(['a.md', 'a.txt'])('are one paragraph in %s', (source) => {
    expect(textOf('The pilots met and agreed that all\n\n\nboats take the shorter route.\n\nNext.', source)).toBe(
      'The pilots met and agreed that all boats take the shorter route.\n\nNext.',
    )
  })

  test('are one paragraph over three pages, and when the first ends in bold', () => {
    expect(textOf('The pilots met and agreed on **one thing**\n\nthat is the shorter,\n\nand the calmer route.')).toBe(
      'The pilots met and agreed on one thing that is the shorter, and the calmer route.',
    )
  })
})

test.each([
  ['after a full stop', 'The pilots met and agreed on the route.\n\nand then they left.'],
  ['after a colon', 'The pilots met and agreed on these:\n\nfirst the route, then the price.'],
  ['after a list', '- The pilots met and agreed on all\n\nboats take the shorter route.'],
  ['after a heading', '# The pilots met and agreed on all\n\nboats take the shorter route.'],
  ['after a label', 'Output\n\nboats take the shorter route'],
  ['before a capital', 'The pilots met and agreed that all\n\nBoats take the shorter route.'],
  ['before a path', 'The pilots met and found a directory like this\n\nboats/'],
  ['before a formula', 'The pilots found that the time of it is\n\nlength of rope = depth * 3'],
  ['before a name in code', 'The pilots use a function that parses the tide\n\n`tide` takes a day and gives an hour.'],
  ['before a label in small letters', 'The Pilots Of The Harbour met and talked\n\ntl;dr: they agreed.'],
])('stays apart %s', (_, text) => {
  expect(textOf(text)).toContain('\n\n')
})
