// sources.yaml: what it may say, and how each slip is named.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import { parseSchedule } from '../../ingest/source/schedule.ts'
import { parseSources, readSourcesFile } from '../../ingest/sources-file.ts'

function faultsOf(written: string): readonly string[] {
  try {
    parseSources(written, 's.yaml')
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('sources.yaml', () => {
  it('is read with what is left out filled in', () => {
    const written = `
allowHosts: [Wiki.Corp:8443]
sources:
  - name: docs
    kind: crawl
    url: https://example.com/docs
    audience: ["#Payments", payments]
    schedule: every 6h
`
    expect(parseSources(written, 's.yaml')).toEqual({
      allowHosts: ['wiki.corp:8443'],
      allowPorts: [],
      sources: [
        {
          name: 'docs',
          kind: 'crawl',
          url: 'https://example.com/docs',
          hosts: [],
          depth: 5,
          pages: 1000,
          include: [],
          exclude: [],
          audience: ['payments', 'payments'],
          schedule: 'every 6h',
        },
      ],
    })
  })

  it('names every fault with its line', () => {
    const written = `allowHosts: ["http://wiki.corp"]
sources:
  - name: one
    kind: fedd
    url: https://example.com
    schedule: hourly
  - name: one
    kind: stdin
  - name: two
    kind: crawl
    url: ftp://example.com
    dept: 3
    pages: 0
  - kind: folder
    path: docs
    schedule: hourly
`
    expect(faultsOf(written)).toEqual([
      expect.stringMatching(/^s\.yaml:1: allowHosts\[0\] is not a host/),
      expect.stringMatching(/^s\.yaml:4: sources\[0\]\.kind must be one of folder, url, /),
      expect.stringMatching(/^s\.yaml:6: sources\[0\]\.schedule is no schedule/),
      expect.stringMatching(/^s\.yaml:11: sources\[2\]\.url is not a web address/),
      expect.stringMatching(/^s\.yaml:13: sources\[2\]\.pages must be a whole number from 1 to 20000/),
      expect.stringMatching(/^s\.yaml:12: sources\[2\] has dept, which is not known here/),
      expect.stringMatching(/^s\.yaml:14: sources\[3\]\.name is missing: what this source is called/),
      expect.stringMatching(/^s\.yaml:16: sources\[3\]\.schedule is no schedule/),
      expect.stringMatching(/^s\.yaml:7: the name one is given twice/),
    ])
  })

  it.each([
    ['sources: [', /^s\.yaml:1: /],
    ['', /^s\.yaml:1: the file is empty: describe at least one source/],
    ['sources:\n\t- a', /^s\.yaml:2: [^:]*[^:]$/],
    [
      'allowHosts: ["*.corp"]\nsources: [{name: a, kind: stdin}]',
      /^s\.yaml:1: allowHosts\[0\] is not a host: write one name/,
    ],
    ['sources: []', /^s\.yaml:1: sources is empty/],
    ['- a', /^s\.yaml:1: the file/],
    ['a: &a [1]\nsources: *a', /alias/],
    ['sources:\n  - {name: a, kind: stdin}\n  - {name: a, kind: stdin}', /^s\.yaml:3: the name a is given twice/],
    ['sources:\n  - {name: a, kind: url, urls: https://example.com}', /^s\.yaml:2: sources\[0\]\.urls must be a list/],
    ['sources:\n  - {name: a, kind: url, urls: ["http://me:pw@example.com"]}', /is not a web address/],
    ['sources:\n  - {name: a, kind: git, repository: x, ref: --upload-pack=x}', /is no branch or tag/],
  ])('says of %j what is wrong', (written, said) => {
    expect(faultsOf(written)).toEqual([expect.stringMatching(said)])
  })

  it('throws nothing but its faults, whatever is written', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (written) => faultsOf(written).length > 0))
    fc.assert(fc.property(fc.json(), (written) => faultsOf(`sources: [${written}]`).length > 0))
  })

  it('that cannot be read is a fault, too', async () => {
    await expect(readSourcesFile('no-such-file.yaml')).rejects.toThrow('no-such-file.yaml is not there')
  })

  it('begins its paths in its own folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'footnote-sources-'))
    await writeFile(join(folder, 's.yaml'), 'sources: [{name: in, kind: stdin}]')
    expect((await readSourcesFile(join(folder, 's.yaml'))).folder).toBe(folder)
    await rm(folder, { recursive: true })
  })

  it('may be written as the documentation shows it', () => {
    const examples = readFileSync('docs/sources.md', 'utf8').matchAll(/```yaml\n([^]*?)```/g)
    const texts = Array.from(examples, ([, text]) => text ?? '')
    const kinds = texts.flatMap((text) => parseSources(text, 'docs').sources.map(({ kind }) => kind))
    expect(new Set(kinds)).toEqual(
      new Set(['folder', 'url', 'sitemap', 'feed', 'crawl', 'git', 'jsonl', 'csv', 'stdin']),
    )
  })
})

describe('parseSchedule', () => {
  it.each([
    ['every 30m', { type: 'every', everyMs: 1_800_000 }],
    ['every 6h', { type: 'every', everyMs: 21_600_000 }],
    [' every 2 d ', { type: 'every', everyMs: 172_800_000 }],
    ['daily 03:00', { type: 'daily', minute: 180 }],
    ['daily 3:05', { type: 'daily', minute: 185 }],
    ['every 1m', null],
    ['every 0h', null],
    ['every 400d', null],
    ['daily 24:00', null],
    ['hourly', null],
    ['', null],
  ])('reads %j', (written, schedule) => expect(parseSchedule(written)).toEqual(schedule))
})
