// HTML → blocks. The walk is a loop over an explicit stack: a page nested 100,000 deep is read like any other.
import { parse, parseFragment, type DefaultTreeAdapterTypes as Tree } from 'parse5'
import { type Block, cleanLine, type Draft, hardBreak } from './blocks.ts'
import { authorsOf } from './html-authors.ts'
import { narrowest } from './html-main.ts'
import { attribute, childrenBackwards, isElement, isFurniture, isHidden, survey } from './html-tree.ts'
import { toIsoDate, toWebUrl } from './metadata.ts'
import { type BlockWriter, createWriter } from './writer.ts'

export function parseHtml(source: string): Draft {
  const document = parse(source)
  const page = survey(document)
  const blocks = firstWithText([...page.roots, narrowest(document, isSurrounding), document])
  return {
    blocks,
    title: chooseTitle(cleanLine(page.ogTitle ?? page.title ?? ''), blocks),
    url: toWebUrl(page.canonical ?? page.ogUrl),
    publishedAt: toIsoDate(page.published ?? page.time),
    authors: authorsOf(page.authors),
  }
}

/** HTML inside another format: all that is not a program or hidden was written for the reader. */
export function htmlFragment(source: string): readonly Block[] {
  return toBlocks(parseFragment(source), programs)
}

/** A page that is all text: nothing around it has to be told from it. */
export function htmlBody(source: string): readonly Block[] {
  return toBlocks(parse(source), programs)
}

const programs = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'object', 'svg', 'canvas', 'head'])
// What surrounds the text of a page: menus, sign-up boxes, controls, related links.
const surroundings = new Set([...programs, 'nav', 'footer', 'aside', 'form', 'button', 'select', 'textarea', 'dialog'])

const blockTags = new Set(
  (
    'address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer ' +
    'form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot ' +
    'th thead tr ul'
  ).split(' '),
)

/** The roots come narrowest first: the article, the main part, where most prose is, the whole page. */
function firstWithText(roots: readonly (Tree.ParentNode | null)[]): readonly Block[] {
  for (const root of roots) {
    const blocks = root ? toBlocks(root, surroundings) : []
    if (blocks.length > 0) return blocks
  }
  return []
}

/** `<title>` often adds the name of the site to the headline; then the headline is the better title. */
function chooseTitle(meta: string, blocks: readonly Block[]): string | null {
  const heading = blocks.find((block) => block.type === 'heading')
  const headline = heading?.level === 1 ? cleanLine(heading.text) : ''
  if (headline !== '' && (meta === '' || meta.includes(headline))) return headline
  return meta === '' ? null : meta
}

type Walk = {
  readonly writer: BlockWriter
  readonly dropped: ReadonlySet<string>
  /** the open tables; one that only arranges the page has no cells */
  readonly tables: ('cells' | 'layout')[]
  /** pieces, because looking at the end of a long joined string again and again costs its whole length */
  inline: string[]
  heading: number
  /** how many <pre> are open */
  pre: number
  /** how many <article> and <main> are open: a <header> in one holds the headline, outside it holds the menu */
  articles: number
  row: string[]
}

function toBlocks(root: Tree.ParentNode, dropped: ReadonlySet<string>): readonly Block[] {
  const articles = isElement(root) ? 1 : 0
  const walk: Walk = { writer: createWriter(), dropped, tables: [], inline: [], heading: 0, pre: 0, articles, row: [] }
  const stack = stepsInto(root)
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { node, leaving } = step
    if ('value' in node) walk.inline.push(walk.pre > 0 ? node.value : node.value.replace(/\s+/g, ' '))
    else if (!isElement(node) || (!leaving && isDropped(walk, node))) continue
    else if (leaving) leave(walk, node)
    else {
      enter(walk, node)
      stack.push({ node, leaving: true })
      for (const child of stepsInto(node)) stack.push(child)
    }
  }
  flush(walk)
  return walk.writer.blocks
}

type Step = { readonly node: Tree.Node; readonly leaving: boolean }

function stepsInto(node: Tree.Node): Step[] {
  return childrenBackwards(node).map((child) => ({ node: child, leaving: false }))
}

function isSurrounding(element: Tree.Element): boolean {
  return surroundings.has(element.tagName) || isHidden(element) || isFurniture(element)
}

function isDropped(walk: Walk, element: Tree.Element): boolean {
  if (walk.dropped === surroundings && isSurrounding(element)) return true
  if (walk.dropped.has(element.tagName) || isHidden(element)) return true
  return element.tagName === 'header' && walk.dropped === surroundings && walk.articles === 0
}

type Edge = (walk: Walk, element: Tree.Element) => void

const openHeading: Edge = (walk, element) => void (walk.heading = Number(element.tagName.charAt(1)))
const openArticle: Edge = (walk) => void walk.articles++
const openBullets: Edge = (walk) => walk.writer.openList(null)

const entering = new Map<string, Edge>([
  ['br', (walk) => void walk.inline.push(walk.pre > 0 ? '\n' : hardBreak)],
  ['sup', (walk, element) => void walk.inline.push(isExponent(walk, element) ? '^' : '')],
  ['article', openArticle],
  ['main', openArticle],
  ['pre', (walk) => void walk.pre++],
  ['table', (walk, element) => void walk.tables.push(isLayout(element) ? 'layout' : 'cells')],
  ['tr', openRow],
  ['ul', openBullets],
  ['menu', openBullets],
  ['ol', (walk, element) => walk.writer.openList(Number.parseInt(attribute(element, 'start') ?? '', 10) || 1)],
  ['li', (walk) => walk.writer.openEntry()],
  ...headings(openHeading),
])

const closeHeading: Edge = (walk) => void (walk.heading = 0)
const closeArticle: Edge = (walk) => void walk.articles--
const closeList: Edge = (walk) => walk.writer.closeList()

const leaving = new Map<string, Edge>([
  ['article', closeArticle],
  ['main', closeArticle],
  ['pre', closePre],
  ['table', (walk) => void walk.tables.pop()],
  ['td', closeCell],
  ['th', closeCell],
  ['tr', closeRow],
  ['ul', closeList],
  ['menu', closeList],
  ['ol', closeList],
  ...headings(closeHeading),
])

function headings(edge: Edge): [string, Edge][] {
  return [1, 2, 3, 4, 5, 6].map((level) => [`h${level}`, edge])
}

function enter(walk: Walk, element: Tree.Element): void {
  if (blockTags.has(element.tagName)) edge(walk)
  entering.get(element.tagName)?.(walk, element)
}

function leave(walk: Walk, element: Tree.Element): void {
  if (blockTags.has(element.tagName)) edge(walk)
  leaving.get(element.tagName)?.(walk, element)
}

/** Where a block begins or ends the text so far is complete, except inside code and inside the cells of a table. */
function edge(walk: Walk): void {
  if (walk.pre > 0) walk.inline.push('\n')
  else if (inCells(walk)) walk.inline.push(' ')
  else flush(walk)
}

function flush(walk: Walk): void {
  const text = take(walk)
  if (text.trim() === '') return
  // Permalink signs stand at the end of a headline and are no part of it.
  if (walk.heading > 0) walk.writer.heading(walk.heading, cleanLine(text).replace(/ ?¶$| #$/, ''))
  else walk.writer.prose(text)
}

function closePre(walk: Walk): void {
  walk.pre--
  if (walk.pre > 0) return
  const text = take(walk)
  if (text.trim() !== '') walk.writer.code(text)
}

/** A caption stands before the first row: it becomes a paragraph above the table. */
function openRow(walk: Walk): void {
  if (inCells(walk)) flush(walk)
  walk.row = []
}

function closeCell(walk: Walk): void {
  if (inCells(walk)) walk.row.push(take(walk))
}

function closeRow(walk: Walk): void {
  if (inCells(walk) && walk.row.some((cell) => cell.trim() !== '')) walk.writer.row(walk.row)
  walk.row = []
}

function inCells(walk: Walk): boolean {
  return walk.tables.at(-1) === 'cells'
}

function take(walk: Walk): string {
  const text = walk.inline.join('')
  walk.inline = []
  return text
}

/** 10<sup>5</sup> is not 105; but a linked number is a footnote's. */
function isExponent(walk: Walk, element: Tree.Element): boolean {
  const before = walk.inline.at(-1)?.at(-1) ?? ''
  return (
    before >= '0' && before <= '9' && !element.childNodes.some((child) => isElement(child) && child.tagName === 'a')
  )
}

/** A table that holds headings, lists, code or tables arranges a page; its cells are not cells. */
function isLayout(table: Tree.Element): boolean {
  const stack: Tree.Node[] = childrenBackwards(table)
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isElement(node) && /^(?:table|ul|ol|pre|h[1-6]|article)$/.test(node.tagName)) return true
    for (const child of childrenBackwards(node)) stack.push(child)
  }
  return false
}
