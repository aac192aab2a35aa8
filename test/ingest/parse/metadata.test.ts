// Titles, addresses, dates and authors in one form; what cannot be read is null.
import { expect, test } from 'vitest'
import { namesIn, readableName, toAuthors, toIsoDate, toWebUrl } from '../../../ingest/parse/metadata.ts'

test.each([
  ['notes/rate_limits-2021.md', 'Rate limits 2021'],
  ['C:\\texts\\Über  uns.TXT', 'Über uns'],
  ['a/harbour-3f2a9c01bb.txt', 'Harbour'],
  ['007_3f2a9c01bb.txt', '007 3f2a9c01bb'],
  ['50%25%20off.html', '50% off'],
  ['100%.md', '100%'],
  ['https://example.org/boats/', 'Boats'],
  ['.md', '.md'],
])('the name %s reads as %s', (source, title) => {
  expect(readableName(source)).toBe(title)
})

test.each([
  ['2021-03-04', '2021-03-04'],
  [' 2021-03-04T10:00:00+01:00 ', '2021-03-04T09:00:00.000Z'],
  ['4 March 2021', '2021-03-04'],
  ['March 4, 2021', '2021-03-04'],
  ['2021-02-30', null],
  ['Chapter 1', null],
  ['soon', null],
  ['', null],
  [undefined, null],
])('the date %s is %s', (raw, date) => {
  expect(toIsoDate(raw)).toBe(date)
})

test.each([
  ['https://example.org/a b', 'https://example.org/a%20b'],
  ['http://example.org', 'http://example.org/'],
  ['javascript:alert(1)', null],
  ['/relative', null],
  ['', null],
])('the address %s is %s', (raw, url) => {
  expect(toWebUrl(raw)).toBe(url)
})

test.each([
  [
    ['Ada  Keeper\n', 'Ben\u200b Pilot', 'Ada Keeper', ' '],
    ['Ada Keeper', 'Ben Pilot'],
  ],
  [['Ada Keeper; Ben Pilot;'], ['Ada Keeper', 'Ben Pilot']],
  [
    ['Keeper, Ada', 'Pilot & Sons'],
    ['Keeper, Ada', 'Pilot & Sons'],
  ],
  [['Microsoft Office User', 'admin', 'python-docx', 'Unknown', 'Admin Keeper'], ['Admin Keeper']],
  [
    ['a'.repeat(100), 'b'.repeat(101)],
    ['a'.repeat(100), `${'b'.repeat(99)}…`],
  ],
  [[`${'c'.repeat(99)}🚦`], [`${'c'.repeat(99)}…`]],
  [Array.from({ length: 21 }, (_, at) => `Keeper ${at}`), Array.from({ length: 20 }, (_, at) => `Keeper ${at}`)],
])('the authors %j are %j', (written, authors) => {
  expect(toAuthors(written)).toEqual(authors)
})

test.each([
  ['Ada', ['Ada']],
  [{ name: 'Ada', url: 'https://example.org' }, ['Ada']],
  [
    ['Ada', { name: 'Ben' }, { title: 'keeper' }, 7, null, ['Cleo']],
    ['Ada', 'Ben'],
  ],
  [undefined, []],
  [{ name: { first: 'Ada' } }, []],
])('the names in %j are %j', (written, names) => {
  expect(namesIn(written)).toEqual(names)
})
