// Markdown → blocks: CommonMark with tables, strikethrough, raw HTML and front matter. Markup goes, words stay.
import MarkdownIt, { type Token } from 'markdown-it'
import { z } from 'zod'
import { type Block, boldClose, boldOpen, codeOpen, type Draft, hardBreak } from './blocks.ts'
import { restoreSource } from './flattened.ts'
import { faultOf, readYaml, splitFrontMatter } from './front-matter.ts'
import { htmlFragment } from './html.ts'
import { plainMath } from './math.ts'
import { namesIn, toIsoDate, toWebUrl } from './metadata.ts'
import { type BlockWriter, createWriter } from './writer.ts'

export function parseMarkdown(source: string): Draft {
  // Leading blanks would turn a first heading into code and hide the front matter; a no-break space is no
  // blank to CommonMark, so `#\u00a0Title` would not be a heading.
  const { yaml, body } = splitFrontMatter(source.replaceAll('\u00a0', ' ').trimStart())
  const front = yaml === null ? noFront : readFront(yaml)
  const note = yaml === null ? null : faultOf(yaml)
  const blocks = toBlocks(markdown.parse(restoreSource(body), {}))
  return {
    blocks,
    title: front.title ?? firstTitle(blocks),
    url: toWebUrl(front.url),
    publishedAt: toIsoDate(front.published_at ?? front.date),
    authors: [...front.author, ...front.authors],
    ...(note !== null && { note }),
  }
}

const markdown = new MarkdownIt({ html: true })

const scalar = z
  .union([z.string(), z.number()])
  .transform((value) => String(value).trim() || undefined)
  .optional()
  .catch(undefined)
const names = z.unknown().optional().transform(namesIn)
const frontMatter = z.object({
  title: scalar,
  url: scalar,
  published_at: scalar,
  date: scalar,
  author: names,
  authors: names,
})
type FrontMatter = z.output<typeof frontMatter>

const noFront = frontMatter.parse({})

/** Front matter that cannot be read says nothing about the document. */
function readFront(yaml: string): FrontMatter {
  return frontMatter.safeParse(readYaml(yaml)).data ?? noFront
}

/** An H1 names the document only when it is its first heading, and no other stands beside it: the first article of a
 * digest would lead the titles of all others. */
function firstTitle(blocks: readonly Block[]): string | null {
  const [first, ...others] = blocks.filter((block) => block.type === 'heading')
  return first?.level === 1 && others.every(({ level }) => level > 1) ? first.text : null
}

type Walk = { readonly writer: BlockWriter; heading: number; row: string[] | null }
type Step = (walk: Walk, token: Token) => void

function toBlocks(tokens: readonly Token[]): readonly Block[] {
  const walk: Walk = { writer: createWriter(), heading: 0, row: null }
  for (const token of tokens) steps.get(token.type)?.(walk, token)
  return walk.writer.blocks
}

// Token types that are not listed (quotes, rules, paragraphs' edges) carry no text of their own.
const steps = new Map<string, Step>([
  ['heading_open', (walk, token) => void (walk.heading = Number(token.tag.slice(1)))],
  ['heading_close', (walk) => void (walk.heading = 0)],
  ['inline', addInline],
  ['fence', (walk, token) => walk.writer.code(token.content)],
  ['code_block', (walk, token) => walk.writer.code(token.content)],
  ['html_block', (walk, token) => walk.writer.append(htmlFragment(token.content))],
  ['bullet_list_open', (walk) => walk.writer.openList(null)],
  ['ordered_list_open', (walk, token) => walk.writer.openList(Number(token.attrGet('start') ?? 1))],
  ['bullet_list_close', (walk) => walk.writer.closeList()],
  ['ordered_list_close', (walk) => walk.writer.closeList()],
  ['list_item_open', (walk) => walk.writer.openEntry()],
  ['tr_open', (walk) => void (walk.row = [])],
  ['tr_close', closeRow],
])

function addInline(walk: Walk, token: Token): void {
  const text = inlineText(token.children ?? [])
  if (walk.row) walk.row.push(text)
  else if (walk.heading > 0) walk.writer.heading(walk.heading, text)
  else walk.writer.prose(text)
}

function closeRow(walk: Walk): void {
  if (walk.row) walk.writer.row(walk.row)
  walk.row = null
}

/** The words between the marks. Images are dropped: their alt text describes what the reader of plain text cannot see. */
function inlineText(tokens: readonly Token[]): string {
  const parts: string[] = []
  // A formula may hold a line break, but never code: words are collected up to the next token that is not one.
  let words = ''
  let skipping = false
  for (const token of tokens) {
    if (isWords(token)) {
      if (!skipping) words += token.type === 'text' ? token.content : '\n'
      continue
    }
    parts.push(plainMath(words))
    words = ''
    if (token.type === 'html_inline' && /^<\/?(?:script|style)\b/i.test(token.content))
      skipping = !token.content.startsWith('</')
    else if (!skipping) parts.push(markText(token, parts.at(-1) ?? ''))
  }
  return parts.join('') + plainMath(words)
}

function isWords(token: Token): boolean {
  return token.type === 'text' || token.type === 'softbreak' || token.type === 'hardbreak'
}

function markText(token: Token, before: string): string {
  if (token.type === 'code_inline') return codeOpen + token.content
  if (token.type === 'html_inline') return tagText(token.content, before)
  if (token.type === 'strong_open') return boldOpen
  return token.type === 'strong_close' ? boldClose : ''
}

function tagText(tag: string, before: string): string {
  if (/^<br\b/i.test(tag)) return hardBreak
  if (/^<(?:b|strong)\b/i.test(tag)) return boldOpen
  if (/^<\/(?:b|strong)\b/i.test(tag)) return boldClose
  // 10<sup>5</sup> is not 105.
  return /^<sup\b/i.test(tag) && /\d$/.test(before) ? '^' : ''
}
