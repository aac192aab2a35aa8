// What is never evidence, and, as important, what looks like it and stays.
import { describe, expect, test } from 'vitest'
import { readPlain } from '../../../ingest/parse/read.ts'

const read = (text: string, source = 'harbour.md') => readPlain(source, new TextEncoder().encode(text))!

function idle(text: string, source?: string): string[] {
  const parsed = read(text, source)
  return parsed.boilerplate.map(({ start, end }) => parsed.text.slice(start, end))
}

const prose = 'The pilots met on Monday and agreed on a shorter route, which saves an hour on calm days.'

describe('contents pages', () => {
  test('with tabs, page breaks and pages are one place, the heading above them stays a heading', () => {
    const contents = 'Table of Contents\t1\nRopes\t2\n\nHemp\t3\n\nSails\t9'
    expect(idle(`# Table of Contents\n\n${contents}\n\n# Ropes\n\n${prose}\n\n# Sails\n\n${prose}`)).toEqual([
      'Table of Contents | 1\nRopes | 2\n\nHemp 3\n\nSails 9',
    ])
  })

  test('with dot leaders are read line by line', () => {
    expect(
      idle(`Contents\n\nRopes and knots ........ 2\nHemp . . . . . . 3\nSails.......14\n\n${prose}`, 'a.txt'),
    ).toEqual(['Ropes and knots | 2\nHemp | 3\nSails | 14'])
  })

  test('as a list of links under a heading', () => {
    const list = '- [Ropes](#ropes)\n  - [Hemp](#hemp)\n- [Sails](#sails)'
    expect(idle(`## Contents\n\n${list}\n\n## Ropes\n\n### Hemp\n\n${prose}\n\n## Sails\n\n${prose}`)).toEqual([
      '- Ropes\n  - Hemp\n- Sails',
    ])
  })

  test('without a heading need many lines, most of them titles of the document', () => {
    const names = ['Ropes', 'Hemp', 'Jute', 'Sails', 'Oars', 'Masts', 'Tides', 'Moorings']
    const page = names.map((name, i) => `${name}\t${i + 3}`).join('\n')
    const body = names.map((name) => `## ${name}\n\n${prose}`).join('\n\n')
    expect(idle(`${page}\n\n${body}`)).toHaveLength(1)
    expect(idle(`${page}\n\n${prose}`)).toEqual([])
  })

  test.each([
    ['a table that counts', 'Boat\tTrips\nAda\t4\nBea\t7\nCleo\t12\nDora\t31'],
    ['a list that announces the sections below it', 'We sell these:\n\n- Ropes\n- Sails\n- Oars\n- Masts'],
  ])('%s is none', (_, lines) => {
    expect(
      idle(`${lines}\n\n${['Ropes', 'Sails', 'Oars', 'Masts'].map((t) => `## ${t}\n\n${prose}`).join('\n\n')}`),
    ).toEqual([])
  })
})

describe('lines that are nothing else', () => {
  test.each([
    'Click here to read on',
    'Click to read more ...',
    'Read more »',
    'For more details, you can read the full article [here](#).',
    'For more details on knots, their names (and more!), read the full paper [here](#).',
    'You can read more about knots [here](#).',
    '[Read the full details in the blog post!](#)',
    'To learn more about tides, watch the full talk by Ada.',
    "*Here's a summary.*",
    'Here’s a brief summary of some parts of it',
    'featured in #12',
    'Showing 5 of 40 letters',
    '7 min read',
    'You can sign up to get the newsletter weekly [here](#).',
    'Subscribe to our channel',
    'If you like this letter, please consider offering your support.',
    'Become a sponsor and see your name here.',
  ])('%s', (line) => {
    expect(idle(`${prose}\n\n${line}\n\n${prose}`)).toHaveLength(1)
  })

  test('the label of a count goes with it', () => {
    expect(idle(`Latest Letters\nShowing 5 of 40 letters\nA Shorter Route\n${prose}${prose}`, 'a.txt')).toEqual([
      'Latest Letters\n\nShowing 5 of 40 letters',
    ])
  })

  test('a path on the first line is where the page stood in its site', () => {
    expect(idle(`/Ropes\n\n${prose}`, 'a.txt')).toEqual(['/Ropes'])
    expect(idle(`${prose}\n\n/Ropes`, 'a.txt')).toEqual([])
  })

  test('a last sentence that only announces is cut off its paragraph', () => {
    expect(idle(`${prose} Ada wrote about it. Here's a summary.\n\n${prose}`)).toEqual(["Here's a summary."])
  })

  test.each([
    'Clients subscribe to a queue and read from its tail.',
    'Subscribe to the topic before you publish to it.',
    'Sign up events are counted once per user.',
    'If a user clicks here, the page asks for more pages.',
    'The full article was split into 40 parts to read it faster.',
    'Read the full request before you answer it.',
    'For more than 100 connections, see how the pool is read.',
    'For more details on the format, read docs/format.md.',
    'Here is a summary table: it has a row per boat and a column per month of the year.',
    'The sponsor of the change reads more than 40 pages.',
    'A harbour is featured in 12 of 40 letters, and ropes in most of the others.',
    'You can read about how they moved the boats with a crane called Otto.',
    'See more in the list below:',
  ])('stays: %s', (line) => {
    expect(idle(`${prose}\n\n${line}\n\n${prose}`)).toEqual([])
  })
})

describe('ads and job posts', () => {
  const jobs =
    "Sponsored post: Acme and some others\n\nWho's Hiring?\n\n  • Acme ties ropes for 40 harbours. Sound like fun? Come join us.\n\n  • Boat builder (senior). You know wood.\n\nGreat Products and Services\n\n  • Initech sews sails that never tear. Start your free trial today.\n\nIf you like these, thank our sponsors.\n\n"

  test('a sponsored section goes with its jobs and products, the next article stays', () => {
    const found = idle(`${jobs}${prose}\n\nOld Ropes And New\n\n${prose}`, 'a.txt')
    expect(found.join('\n')).toMatch(/^Sponsored post[^]*Acme ties[^]*You know wood[^]*Initech sews[^]*our sponsors\.$/)
    expect(found.join('\n')).not.toContain('pilots')
  })

  test.each([
    'Our ropes hold more than yours. Ships from 40 harbours use them. Start your free trial today.',
    '- Boat builder: you know wood, and wood knows you. Apply now.',
    'Want to build boats? Join our team now!',
  ])('ends with a request: %s', (line) => {
    expect(idle(`${prose}\n\n${line}\n\n${prose}`)).toHaveLength(1)
  })

  test.each([
    '## Jobs\n\n- A job runs once.\n- A cron job runs again.',
    '## Products and services\n\n- The product service stores products.',
    '## Events\n\n- An event is sent when a boat leaves.',
    'The team was hiring pilots, so the number of boats per pilot fell.',
    'Apply the patch before you start the server.',
    'The free trial ends after 14 days, and the job that ends it runs nightly.',
    'Their sponsors paid for 40 boats. Every pilot can apply for one.',
  ])('stays: %s', (text) => {
    expect(idle(`${prose}\n\n${text}\n\n${prose}`)).toEqual([])
  })
})
