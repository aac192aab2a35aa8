// The little Markdown of an answer: held against markdown-it where both read it, and against its own offsets everywhere.
import fc from 'fast-check'
import MarkdownIt, { type Token } from 'markdown-it'
import { describe, expect, it } from 'vitest'
import { toBlocks, toRuns } from '../../web/markdown.js'
import type { Block, Span } from '../../web/wire.d.ts'

type Shown = { readonly tag: string; readonly words: readonly string[] }

const slice = (text: string, { start, end }: Span) => text.slice(start, end)

/** The words of a line with their styles written out, as `markdownIt` below writes them. */
function wordsOf(text: string, span: Span): string {
  return toRuns(text, span)
    .map((run) => run.styles.reduceRight((words, style) => `<${style}>${words}</${style}>`, slice(text, run)))
    .join('')
    .replaceAll(/<\/(strong|em)><\1>/g, '')
}

function ours(text: string): Shown[] {
  return toBlocks(text, false).map((block) => {
    if (block.tag === 'pre') return { tag: 'pre', words: block.spans.map((span) => slice(text, span)) }
    const spans = block.tag === 'table' ? (block.rows ?? []).flat() : block.spans
    return { tag: block.tag, words: spans.map((span) => wordsOf(text, span)) }
  })
}

const markdownIt = new MarkdownIt({ html: false, linkify: false }).disable([
  'link',
  'image',
  'autolink',
  'reference',
  'lheading',
  'entity',
  'escape',
])

function theirs(text: string): Shown[] {
  const shown: { tag: string; words: string[] }[] = []
  for (const token of markdownIt.parse(text, {})) {
    if (token.type === 'heading_open') shown.push({ tag: 'h3', words: [] })
    else if (/^(paragraph|bullet_list|ordered_list|table)_open$/.test(token.type)) {
      if (token.type !== 'paragraph_open' || token.level === 0) shown.push({ tag: token.tag, words: [] })
    } else if (token.type === 'fence') shown.push({ tag: 'pre', words: [token.content.replace(/\n$/, '')] })
    else if (token.type === 'inline') shown.at(-1)?.words.push(inline(token.children ?? []))
  }
  return shown
}

function inline(tokens: readonly Token[]): string {
  return tokens
    .map(({ type, tag, content }) => {
      if (type === 'code_inline') return `<code>${content}</code>`
      if (type.endsWith('_open')) return `<${tag}>`
      if (type.endsWith('_close')) return `</${tag}>`
      return type === 'softbreak' ? '\n' : content
    })
    .join('')
}

const word = fc.constantFrom('Stripe', 'limits', '2', 'requests', 'snake_case', '1.5', 'naïve', '🎉', '[1]', 'x|y')
const plain = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '))
const safe = fc.array(fc.constantFrom('Stripe', 'limits', 'it', 'naïve', '[2]'), { minLength: 1, maxLength: 3 })
const styled = fc
  .tuple(safe, fc.constantFrom('**', '*', '_', '`', ''))
  .map(([words, sign]) => `${sign}${words.join(' ')}${sign}`)
const line = fc
  .array(fc.oneof(plain, styled), { minLength: 1, maxLength: 4 })
  .map((parts) => `So ${parts.join(' and ')}.`)
const cell = fc.oneof(styled, fc.constant('12'))
const block = fc.oneof(
  fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n')),
  fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.map((each) => `- ${each}`).join('\n')),
  fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.map((each, n) => `${n + 1}. ${each}`).join('\n')),
  line.map((words) => `## ${words}`),
  fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => `\`\`\`sql\n${lines.join('\n')}\n\`\`\``),
  fc.tuple(cell, cell, cell, cell).map(([a, b, c, d]) => `| ${a} | ${b} |\n|---|:-:|\n| ${c} | ${d} |`),
)
const text = fc.array(block, { minLength: 1, maxLength: 5 }).map((blocks) => blocks.join('\n\n'))

/** Lists of one kind that stand together are one list to markdown-it. */
const withoutNeighbours = (shown: readonly Shown[]) =>
  shown.every(({ tag }, n) => !/^[ou]l$/.test(tag) || !/^[ou]l$/.test(shown[n - 1]?.tag ?? ''))

describe('the Markdown of an answer', () => {
  it('is read as markdown-it reads it', () => {
    fc.assert(
      fc.property(text, (each) => {
        const expected = theirs(each)
        fc.pre(withoutNeighbours(expected))
        expect(ours(each)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('knows of every character where it stands, whatever the text', () => {
    const any = fc.array(
      fc.constantFrom(
        '**',
        '*',
        '_',
        '`',
        '```',
        '\n',
        '\n\n',
        '|',
        '---',
        '- ',
        '1. ',
        '# ',
        'a',
        ' b',
        '[1]',
        '🎉',
        '\\',
        '>',
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(any, fc.boolean(), (parts, isPlain) => {
        const each = parts.join('')
        let last = 0
        for (const span of toBlocks(each, isPlain).flatMap(spansOf)) {
          expect(span.start).toBeGreaterThanOrEqual(last)
          expect(span.end).toBeGreaterThanOrEqual(span.start)
          expect(span.end).toBeLessThanOrEqual(each.length)
          last = span.end
          let inner = span.start
          for (const run of toRuns(each, span)) {
            expect(run.start).toBeGreaterThanOrEqual(inner)
            expect(run.end).toBeLessThanOrEqual(span.end)
            // What is left out is signs of emphasis, and nothing else.
            expect(each.slice(inner, run.start)).toMatch(/^[*_`]*$/)
            inner = run.end
          }
          expect(each.slice(inner, span.end)).toMatch(/^[*_`]*$/)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('leaves extracts as they are: what looks like markup is part of the quoted words', () => {
    const quoted = 'Use `**kwargs**` and\n\n| a | b |\n|---|---|\n\n# not a heading\n- entry'
    const blocks = toBlocks(quoted, true)
    expect(blocks.map(({ tag }) => tag)).toEqual(['p', 'p', 'p', 'ul'])
    expect(blocks.flatMap(spansOf).map((span) => slice(quoted, span))).toEqual([
      'Use `**kwargs**` and',
      '| a | b |\n|---|---|',
      '# not a heading',
      'entry',
    ])
  })

  it('keeps an entry of a list within a list further in', () => {
    const [list] = toBlocks('- a\n  - b\n    - c\n- d', false)
    expect([list?.tag, list?.depths]).toEqual(['ul', [0, 1, 2, 0]])
  })

  it('keeps bullets within a numbered list, which counts on after them, and the lines of a quotation', () => {
    const [list, quotation] = toBlocks('1. a\n   - b\n   - c\n2. d\n\n> said\n> twice', false)
    expect([list?.tag, list?.depths, list?.numbers]).toEqual(['ol', [0, 1, 1, 0], [1, null, null, 2]])
    expect([quotation?.tag, quotation?.spans.length]).toEqual(['blockquote', 2])
  })

  it('shows code whose end has not come yet as code', () => {
    const each = 'So:\n\n```js\nlet a = **1**'
    expect(ours(each)).toEqual([
      { tag: 'p', words: ['So:'] },
      { tag: 'pre', words: ['let a = **1**'] },
    ])
  })

  it('is not slow on ten thousand signs of emphasis', () => {
    const began = performance.now()
    for (const sign of ['*', '**', '_', '`', '*a ', '`a`` ', '**a* '])
      for (const found of toBlocks(sign.repeat(10_000 / sign.length), false).flatMap(spansOf))
        toRuns(sign.repeat(10_000 / sign.length), found)
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})

function spansOf({ tag, spans, rows }: Block): Span[] {
  return tag === 'table' ? (rows ?? []).flat() : spans
}
