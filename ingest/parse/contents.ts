// Contents pages: a run of lines that name the document's own sections. They repeat every title, so every search finds
// them, and they answer nothing; but they know which heading belongs to which.
import type { Heading, Span } from '../../core/types.ts'

/** `start`: where its line starts in the text; `depth`: as told by its indentation or its number (2.1 is 1). */
export type ContentsEntry = { readonly title: string; readonly start: number; readonly depth: number }
export type Contents = { readonly span: Span; readonly entries: readonly ContentsEntry[] }

// Under a heading that says so a few lines are enough. Elsewhere a table of numbers looks alike: there the lines must
// be many and half of them must name sections. A list without page numbers is then never one: "We support these:" is
// followed by the same names as the sections below it, and it answers a question.
const FEW = 3
const MANY = 8

export function findContents(text: string, outline: readonly Heading[]): Contents[] {
  const titles = titlesOf(outline)
  const found: Contents[] = []
  let run: Line[] = []
  let isNamed = false
  const close = () => {
    const [first, last] = [run[0], run.at(-1)]
    if (first && last && isContents(run, isNamed))
      found.push({ span: { start: first.start, end: last.end }, entries: run })
    run = []
  }
  for (const line of linesOf(text, outline)) {
    const entry = line.isHeading ? null : readLine(text, line, titles, isNamed)
    if (entry) run.push(entry)
    else {
      close()
      isNamed = isContentsTitle(text.slice(line.start, line.end))
    }
  }
  close()
  return found
}

/** One form for titles that are compared: numbering, case, punctuation and blanks do not tell them apart. */
export function titleKey(title: string): string {
  return title
    .replace(/^\d+(?:\.\d+)*\.? /, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/** The lines that hold anything, in order. */
export function* linesOf(text: string, outline: readonly Heading[]): Generator<Span & { readonly isHeading: boolean }> {
  const headings = new Set(outline.map(({ span }) => span.start))
  for (let start = 0; start < text.length;) {
    const stop = text.indexOf('\n', start)
    const end = stop === -1 ? text.length : stop
    if (end > start) yield { start, end, isHeading: headings.has(start) }
    start = end + 1
  }
}

type Line = ContentsEntry & { readonly end: number; readonly page: number | null; readonly repeats: boolean }

const MAX_LINE = 200

/** `starts`: the first letters of each, because nearly every line of a document is none of its titles. */
type Titles = { readonly keys: ReadonlySet<string>; readonly starts: ReadonlySet<string> }
const START = 4

function titlesOf(outline: readonly Heading[]): Titles {
  const keys = outline.map(({ title }) => titleKey(title))
  return { keys: new Set(keys), starts: new Set(keys.map((key) => key.slice(0, START))) }
}

function isTitle(words: string, { keys, starts }: Titles): boolean {
  return starts.has(titleKey(words.slice(0, 30)).slice(0, START)) && keys.has(titleKey(words))
}

function readLine(text: string, { start, end }: Span, titles: Titles, isNamed: boolean): Line | null {
  if (end - start > MAX_LINE) return null
  const line = text.slice(start, end)
  const page = pageAtEnd(line.trim())
  const words = page?.[1] ?? line
  const [, indent = '', number = '', title = ''] = /^( *)((?:[-•]|\d+(?:\.\d+)*\.?) )?(.*)$/.exec(words) ?? []
  const repeats = isTitle(title, titles) || isTitle(words, titles)
  // "Apollo 11" ends in a number too: without a bar or dots the place must tell.
  const isPage = page !== null && (isNamed || repeats || !/[^.…|] \d+$/.test(line))
  if (!repeats && !isPage) return null
  const depth = Math.max(indent.length / 2, number.split('.').filter((part) => /\d/.test(part)).length - 1)
  return { title, start, end, depth, page: isPage ? Number(page[2]) : null, repeats }
}

/** "Title | 12", "Title ..... 12", "Title 12". Most lines end in no digit: those cost one look. */
function pageAtEnd(line: string): RegExpExecArray | null {
  const last = line.charCodeAt(line.length - 1)
  if (last < 48 || last > 57) return null
  const page = /^(.*[^\s.…|])(?: \| |\s*(?:\. ?){3,}|\s*…+\s?| )(\d{1,4})$/u.exec(line)
  return page !== null && /\p{L}/u.test(page[1] ?? '') ? page : null
}

function isContents(run: readonly Line[], isNamed: boolean): boolean {
  if (run.length < FEW) return false
  const repeated = run.filter(({ repeats }) => repeats).length
  const pages = run.flatMap(({ page }) => (page === null ? [] : [page]))
  const areInOrder = pages.length >= 0.8 * run.length && pages.every((page, i) => page >= (pages[i - 1] ?? 0))
  if (isNamed) return areInOrder || repeated >= 0.6 * run.length
  return run.length >= MANY && areInOrder && repeated >= 0.5 * run.length
}

function isContentsTitle(line: string): boolean {
  return /^(?:(?:table of )?contents|toc|(?:in|on) this (?:issue|page|guide|document)|what[’']s inside|inhalt(?:sverzeichnis)?|sommaire|índice|indice|目次|目录)\s*:?$/i.test(
    line.trim(),
  )
}
