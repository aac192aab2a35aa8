import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Citation } from '../../../core/types.ts'
import { bodyOf, pagesOf, passagePages, toPages } from '../../../server/slack/blocks.ts'
import { mrkdwn, packed, settledUnits, slackMarkdown, textOf, unitsOf } from '../../../server/slack/dialect.ts'
import { piecesOf } from '../../../server/slack/markup.ts'
import { answerOf, citationOf } from '../../support/slack-voice.ts'
import { repeats } from '../../support/thorough.ts'

const citations = [citationOf(1), citationOf(2)]
const SITE = 'https://footnote.example'
const url = (n: number) => `${SITE}/documents/doc_${n}?revision=r${n}#0-9`
const linkedTo = (address: string) => [citationOf(1, { document: { ...citationOf(1).document, url: address } })]
const sectionsIn = (blocks: readonly object[]) =>
  blocks.flatMap((block) => ('text' in block ? [(block.text as { text: string }).text] : []))
const lettersOf = (text: string) => text.replaceAll(/\s|```/g, '')
const toMrkdwn = (text: string, publicUrl: string | null = SITE, known: readonly Citation[] = citations) =>
  textOf(unitsOf(piecesOf(text, known, publicUrl), mrkdwn))
const toMarkdown = (text: string) => textOf(unitsOf(piecesOf(text, citations, SITE), slackMarkdown))

describe('an answer in mrkdwn', () => {
  it('marks what Markdown marks', () => {
    expect(toMrkdwn('**bold** and *italic* and ~~gone~~ and `code`')).toBe('*bold* and _italic_ and ~gone~ and `code`')
    expect(toMrkdwn('***both***')).toBe('_*both*_')
  })

  it('makes a heading a bold line, and a rule a line', () => {
    expect(toMrkdwn('## Load shedders\n\nThey shed.\n\n---')).toBe('*Load shedders*\n\nThey shed.\n\n———')
  })

  it('indents lists in lists, and numbers from where the model began', () => {
    expect(toMrkdwn('- one\n- two\n  1. deep\n  2. deeper\n\n7. seven\n8. eight')).toBe(
      '• one\n• two\n    1. deep\n    2. deeper\n7. seven\n8. eight',
    )
  })

  it('quotes every line of a quotation', () => {
    expect(toMrkdwn('> one\\\n> two')).toBe('> one\n> two')
  })

  it('aligns the columns of a table in code, also of wide letters', () => {
    expect(toMrkdwn('| limiter | 数 |\n|---|---|\n| 数字 | 4 [1] |\n| **fleet** | |')).toBe(
      '```\nlimiter │ 数\n────────┼──────\n数字    │ 4 [1]\nfleet   │\n```'.replace(
        '│ 数\n────────┼──────',
        '│ 数\n────────┼──────',
      ),
    )
  })

  it('keeps code as it is, and nothing in it ends it', () => {
    expect(toMrkdwn('````\nif (a < b && c) {\n```\n````')).toBe('```\nif (a &lt; b &amp;&amp; c) {\n‵‵‵\n```')
  })

  it('links a footnote to the reader page, to the document itself, or to nothing', () => {
    expect(toMrkdwn('Four. [1]')).toBe(`Four. <${url(1)}|[1]>`)
    expect(toMrkdwn('Four. [1]', null)).toBe('Four. <https://example.com/1|[1]>')
    const nowhere = [citationOf(1, { document: { ...citationOf(1).document, url: null } })]
    expect(toMrkdwn('Four. [1]', null, nowhere)).toBe('Four. [1]')
  })

  it('links no number that is no footnote, and no footnote in code', () => {
    expect(toMrkdwn('Four. [7] `a[1]`')).toBe('Four. [7] `a[1]`')
  })

  it('makes no link of an address that is none of the web, or that would end the link', () => {
    expect(toMrkdwn('[1]', null, linkedTo('javascript:alert(1)'))).toBe('[1]')
    expect(toMrkdwn('[1]', null, linkedTo('https://e.com/a|b>c d)'))).toBe('<https://e.com/a%7Cb%3Ec%20d%29|[1]>')
    expect(toMrkdwn('[1]', null, linkedTo(`https://e.com/${'a'.repeat(1_000)}`))).toBe('[1]')
  })

  it.each([
    ['<!channel> <!here|x>', '&lt;!channel&gt; &lt;!here|x&gt;'],
    ['<@U123> <#C1|x>', '&lt;＠U123&gt; &lt;#C1|x&gt;'],
    ['@here @channel me@example.com', '＠here ＠channel me＠example.com'],
    [
      '[click](https://evil.example) ![](https://evil.example/x.png)',
      '[click] (https[:]//evil.example) ![] (https[:]//evil.example/x.png)',
    ],
    ['<https://evil.example|safe>', '&lt;https[:]//evil.example|safe&gt;'],
    ['www.evil.example', 'www[.]evil.example'],
    ['&lt;!channel&gt; &amp;', '&lt;!channel&gt; &amp;'],
    ['a lone * and _ and ~ and \\`', 'a lone ∗ and ＿ and ∼ and ‵'],
    ['snake_case and 2\\*3', 'snake_case and 2*3'],
  ])('makes %s harmless', (text, inert) => {
    expect(toMrkdwn(text)).toBe(inert)
  })
})

describe('an answer in the Markdown of streams', () => {
  it('says the same with the marks of Markdown', () => {
    expect(toMarkdown('**Four** *limiters* [1] <!channel> [x](https://e.com)\n\n- one\n- two')).toBe(
      `**Four** *limiters* [\\[1\\]](${url(1)}) &lt;\\!channel&gt; \\[x\\] (https\\[:\\]//e.com)\n\n- one\n- two`,
    )
  })
})

/** Markdown as models and attackers write it. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('**', '*', '_', '~~', '`', '```', '\n', '\n\n', '- ', '1. ', '> ', '# ', '|', '|-|-|\n', '    '),
      fc.constantFrom(
        '[1]',
        '[2]',
        '[9]',
        '[',
        ']',
        '(',
        ')',
        '](',
        '<',
        '>',
        '&',
        '&lt;',
        '&#60;',
        '://',
        'https:',
        '//',
        '@',
        'www.',
      ),
      fc.constantFrom(
        '<!channel>',
        '<@U1>',
        '<https://e.com|x>',
        '[x](https://e.com)',
        '<a href="x">',
        '\\',
        '!',
        '🚦',
        '数',
      ),
      fc.string({ maxLength: 12, unit: 'binary' }),
      fc.constantFrom(
        'Stripe runs four limiters. ',
        'word ',
        'x'.repeat(400),
        '&'.repeat(700),
        '😀'.repeat(300),
        'A sentence. '.repeat(60),
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

describe('whatever a model writes', () => {
  const ours = new Set([1, 2].map((n) => `<${url(n)}|[${n}]>`))

  it('has only our links in angle brackets, no bare address, no mention and no loose ampersand', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const page of toPages(piecesOf(text, citations, SITE)))
          for (const block of page.blocks) {
            const written = (block as { text: { text: string } }).text.text
            for (const [link] of written.matchAll(/<[^>]*>?/g)) expect(ours).toContain(link)
            const rest = written.replaceAll(/<[^>]*>/g, ' ')
            expect(rest.replaceAll(/^> /gm, '')).not.toMatch(/[<>]|:\/\/|@[\p{L}\p{N}]|&(?!(?:amp|lt|gt);)/u)
          }
      }),
      { numRuns: repeats(3_000) },
    )
  })

  it('in a document has no more power: not in a title, a heading, a quote, a passage or what is missing', () => {
    const shown = { publicUrl: SITE, hasHuman: true, isForOne: false }
    fc.assert(
      fc.property(hostile, (text) => {
        const document = { ...citationOf(1).document, title: text }
        const citation = citationOf(1, { document, headings: [text, text], quote: text })
        const passage = { ...citation, text, score: 1 }
        const question = { id: 'ans_1', text, conversationId: 'c' }
        const answered = answerOf(question, {
          answer: 'Four. [1]',
          citations: [citation],
          passages: [passage],
          missing: [text],
        })
        const refused = answerOf(question, { status: 'abstained', nearest: [passage], missing: [text] })
        const pages = [...pagesOf(answered, shown), ...pagesOf(refused, shown), ...passagePages(answered, SITE)]
        for (const section of pages.flatMap(({ blocks }) => sectionsIn(blocks))) {
          expect(section.length).toBeLessThanOrEqual(3_000)
          for (const [link] of section.matchAll(/<[^>]*>?/g)) expect(link.startsWith(`<${url(1)}|`)).toBe(true)
          const rest = section.replaceAll(/<[^|]*\||^> /gm, ' ')
          expect(rest.replaceAll(/(?<!&[a-z]+)>/g, '')).not.toMatch(/<|:\/\/|@[\p{L}\p{N}]|&(?!(?:amp|lt|gt);)/u)
        }
        const streamed = textOf(unitsOf(bodyOf(refused, SITE), slackMarkdown))
        expect(streamed.replaceAll(`](${url(1)})`, ' ')).not.toMatch(/[<>]|:\/\/|@[\p{L}\p{N}]|(?<!\\)\]\(/u)
      }),
      { numRuns: repeats(1_500) },
    )
  })

  it('has only our links in a stream', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const rest = [1, 2].reduce((rest, n) => rest.replaceAll(`[\\[${n}\\]](${url(n)})`, ' '), toMarkdown(text))
        expect(rest.replaceAll(/^ *> /gm, '')).not.toMatch(/[<>]|:\/\/|@[\p{L}\p{N}]|(?<!\\)\]\(|&(?!(?:amp|lt|gt);)/u)
      }),
      { numRuns: repeats(3_000) },
    )
  })

  it('stays under every limit, and no cut goes through a link, an entity, a letter or a fence', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 30 }), (text, times) => {
        const answer = answerOf(
          { id: 'ans_1', text: 'q', conversationId: 'c' },
          { answer: text.repeat(times), citations },
        )
        const pages = pagesOf(answer, { publicUrl: SITE, hasHuman: true, isForOne: false })
        for (const { text: fallback, blocks } of pages) {
          expect(blocks.length).toBeLessThanOrEqual(50)
          const sections = sectionsIn(blocks)
          expect(sections.join('').length).toBeLessThanOrEqual(12_000)
          expect(fallback.length).toBeLessThanOrEqual(3_000)
          for (const section of sections) {
            expect(section.length).toBeGreaterThan(0)
            expect(section.length).toBeLessThanOrEqual(3_000)
            expect(section.isWellFormed()).toBe(true)
            expect(section.split('```').length % 2).toBe(1)
            expect(section.replaceAll(/<[^<>]*\|[^<>]*>/g, '')).not.toContain('<')
          }
        }
      }),
      { numRuns: repeats(1_000) },
    )
  })

  it.each<readonly [string, number, string]>([
    ['a bold text of many lines', 7, `**${Array.from({ length: 120 }, () => 'a').join('  \n              ')}**`],
    ...[0, 15, 30, 45, 60, 75].map((n) => ['many footnotes', 48, `${'a'.repeat(n)}. ${'[1] '.repeat(60)}`] as const),
  ])('stays under them with %s deep in a list', (_, depth, words) => {
    const items = Array.from(
      { length: depth },
      (_, level) => `${'  '.repeat(level)}- ${level + 1 < depth ? level : words}`,
    )
    const answer = answerOf({ id: 'ans_1', text: 'q', conversationId: 'c' }, { answer: items.join('\n'), citations })
    const pages = pagesOf(answer, { publicUrl: SITE, hasHuman: true, isForOne: false })
    const lengths = pages.flatMap(({ blocks }) => sectionsIn(blocks)).map(({ length }) => length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(3_000)
    expect(lengths.length).toBeGreaterThan(1)
  })

  it('loses no letter where it is cut', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const units = unitsOf(piecesOf(text, citations, SITE), mrkdwn)
        expect(lettersOf(packed(units, 3_000).join(''))).toBe(lettersOf(textOf(units)))
      }),
      { numRuns: repeats(1_000) },
    )
  })
})

describe('an answer that is cut into deltas', () => {
  const prose = fc
    .array(
      fc.constantFrom(
        'Stripe runs **four** limiters [1].',
        ' Each has `a job`.',
        ' A plain sentence. Another one.',
        ' See [2].',
        '\n\n',
        '\n- one [1]',
        '\n- two',
        '\n\n1. first\n2. second',
        '\n\n```\ncode < here\n```\n\n',
        '\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n',
        '\n\n## Heading\n\n',
        ' Version 1.5 & <more>.',
        '\n\n> quoted\n\n',
      ),
      { minLength: 4, maxLength: 20, size: 'max' },
    )
    .map((parts) => parts.join(''))

  it('is shown as the beginning of the whole, wherever it is cut', () => {
    let shownParts = 0
    fc.assert(
      fc.property(prose, fc.noBias(fc.integer({ min: 0, max: 100 })), (text, share) => {
        const part = text.slice(0, Math.floor((share / 100) * text.length))
        for (const dialect of [slackMarkdown, mrkdwn]) {
          const shown = textOf(settledUnits(piecesOf(part, citations, SITE), dialect))
          if (shown !== '') shownParts++
          expect(textOf(unitsOf(piecesOf(text, citations, SITE), dialect)).startsWith(shown)).toBe(true)
        }
      }),
      { numRuns: repeats(3_000) },
    )
    expect(shownParts).toBeGreaterThan(100)
  })
})
