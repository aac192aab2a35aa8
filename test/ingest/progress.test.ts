import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import type { IngestEvent, IngestReport } from '../../core/types.ts'
import { showIngest, summary } from '../../ingest/progress.ts'
import { openTestDatabase } from '../support/database.ts'
import { article, folderOf, openTestSyncs } from '../support/syncing.ts'

const report: IngestReport = {
  learned: 2,
  changed: 0,
  restored: 0,
  removed: 0,
  kept: 0,
  unchanged: 1,
  failed: 1,
  skipped: 1,
  chunks: 9,
  embedded: 8,
  tokens: 0,
  usd: 0,
  bytes: 3_000_000,
  ms: 1_500,
}
const events: IngestEvent[] = [
  { type: 'found', files: 3, gone: 0, skipped: [{ source: 'a.jpg', reason: 'files that end in .jpg cannot be read' }] },
  { type: 'learned', source: 'a.md', bytes: 10, chunks: 3, embedded: 3, tokens: 0 },
  { type: 'unchanged', source: 'b.md', bytes: 10 },
  { type: 'failed', source: 'c.md', code: 'empty-file', message: 'c.md is empty (0 bytes): add text or remove it' },
  { type: 'finished', report },
]

async function* each(list: readonly IngestEvent[]): AsyncGenerator<IngestEvent> {
  yield* list
}

/** What is written to a terminal of 80 columns, or to a pipe. */
async function shown(list: readonly IngestEvent[], interactive: boolean): Promise<string> {
  const written = new PassThrough()
  // The bar asks for nothing more of a terminal than this.
  const stream = Object.assign(written, { isTTY: interactive, columns: 80 }) as unknown as NodeJS.WriteStream
  await showIngest(each(list), { stream, interactive })
  return String(written.read() ?? '')
}

describe('an ingest', () => {
  it('names a document that it learned with something left out, or with nothing to find in it', async () => {
    await using database = await openTestDatabase()
    const { learn } = await openTestSyncs(database)
    const folder = await folderOf({
      'bad.md': `---\ntitle: a: b: c\n---\n${article('Alpha')}`,
      'bare.md': '# One\n\n## Two\n',
      'good.md': `---\ntitle: Beta\n---\n${article('Beta')}`,
    })
    const { events: told } = await learn([folder])
    const notes = (await shown(told, false)).split('\n').slice(0, -2)
    expect(notes).toEqual([
      `  note: ${folder}/bad.md: its front matter is not valid YAML (line 2) and is left out: title, date and address in it do not count`,
      `  note: ${folder}/bare.md: it has headings and no words below them: nothing of it can be found`,
    ])
    expect((await learn([folder])).report).toMatchObject({ unchanged: 3 })
  })

  it('on a pipe writes only its faults by name and the closing line', async () => {
    expect(await shown(events, false)).toBe(
      [
        '  skipped: a.jpg: files that end in .jpg cannot be read',
        '  not learned: c.md is empty (0 bytes): add text or remove it (empty-file)',
        'Documents: 2 learned, 1 unchanged, 1 failed, 1 skipped · 9 chunks, 8 embedded · 1.5 s, 2.0 MB/s',
        '',
      ].join('\n'),
    )
  })

  it('on a terminal shows a bar with files, chunks, speed and the time left, and clears it', async () => {
    const text = await shown(events, true)
    expect(text).toMatch(/3\/3 files · 3 chunks · .*B\/s · .* left/)
    expect(text).toContain('\u001b[2K  skipped')
  })

  it('of nothing shows no bar', async () => {
    const none = { ...report, learned: 0, unchanged: 0, failed: 0, skipped: 0, ms: 3 }
    const text = await shown(
      [
        { type: 'found', files: 0, gone: 0, skipped: [] },
        { type: 'finished', report: none },
      ],
      true,
    )
    expect(text).toBe('Documents: none found · 0.0 s\n')
  })

  it('that breaks off fails, and leaves no bar behind', async () => {
    const written = new PassThrough()
    const stream = Object.assign(written, { isTTY: true, columns: 80 }) as unknown as NodeJS.WriteStream
    await expect(showIngest(each(events.slice(0, 2)), { stream, interactive: true })).rejects.toThrow(
      'without a report',
    )
    // the cursor that the bar hid is shown again
    expect(String(written.read())).toContain('\u001b[?25h')
  })
})

/** Each event after so many milliseconds. */
async function* slowly(list: readonly IngestEvent[], ms: number): AsyncGenerator<IngestEvent> {
  for (const event of list) {
    yield event
    await vi.advanceTimersByTimeAsync(ms)
  }
}

async function written(ms: number, usdSoFar?: () => Promise<number | null>, told = events): Promise<string[]> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  try {
    const stream = new PassThrough()
    const sink = {
      stream: stream as unknown as NodeJS.WriteStream,
      interactive: false,
      ...(usdSoFar && { usdSoFar }),
    }
    const costly = told.map((event) => (event.type === 'learned' ? { ...event, tokens: 50, bytes: 1_000_000 } : event))
    await showIngest(slowly(costly, ms), sink)
    return String(stream.read()).split('\n')
  } finally {
    vi.useRealTimers()
  }
}

describe('a long ingest', () => {
  it('on a pipe says every ten seconds how far it is, how fast, what it cost and how long it will take', async () => {
    const lines = await written(10_000, async () => 0.00125)
    expect(lines.slice(0, 3)).toEqual([
      '  0 of 3 documents · 0 chunks · 0 KB/s',
      '  1 of 3 documents · 3 chunks · 50 tokens, $0.0013 · 50 KB/s · about 40 s left',
      '  2 of 3 documents · 3 chunks · 50 tokens, $0.0013 · 33 KB/s · about 15 s left',
    ])
  })

  it('on a pipe says nothing of itself while it is shorter than that', async () => {
    expect((await written(1_000))[0]).toMatch(/^ {2}skipped/)
  })

  it('on a pipe writes six lines a minute, however many documents there are', async () => {
    const many = Array.from({ length: 600 }, (_, n): IngestEvent => ({
      type: 'unchanged',
      source: `${n}.md`,
      bytes: 1,
    }))
    const lines = await written(100, undefined, [...many, ...events])
    expect(lines.filter((line) => / of \d+ documents/.test(line))).toHaveLength(6)
  })
})

describe('the closing line', () => {
  it('of one that was cut short says how much was done', () => {
    expect(summary(report, { done: 4, total: 30 })).toMatch(/^Documents \(4 of 30 done\): 2 learned/)
  })

  it('leaves out what there was none of', () => {
    const still = { ...report, learned: 0, failed: 0, skipped: 0, chunks: 0, embedded: 0 }
    expect(summary(still)).toBe('Documents: 1 unchanged · 1.5 s')
  })

  it('tells small speeds in KB', () => {
    expect(summary({ ...report, bytes: 127_000, ms: 1_000 })).toContain('127 KB/s')
  })
})
