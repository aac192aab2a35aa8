// PDF → blocks, from its text layer. A PDF knows places of letters and no words, lines or paragraphs: those are rebuilt
// in pdf-lines.ts and pdf-blocks.ts. A page that cannot be read refuses the document: a gap that nobody sees is a lie.
import type { getDocumentProxy } from 'unpdf'
import { SourceError } from '../../../core/errors.ts'
import type { Draft } from '../blocks.ts'
import { toIsoDate } from '../metadata.ts'
import { pdfBlocks } from './pdf-blocks.ts'
import { type Line, linesOf, type Piece, titleKey } from './pdf-lines.ts'
import { withoutMargins } from './pdf-margins.ts'

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>

const MAX_PAGES = 5000

export async function parsePdf(source: string, bytes: Uint8Array): Promise<Draft> {
  const pdf = await open(source, bytes)
  if (pdf.numPages > MAX_PAGES) {
    const message = `${source} has ${pdf.numPages} pages, more than the ${MAX_PAGES} that are read: split it`
    throw new SourceError('too-many-pages', source, message)
  }
  const pages: Line[][] = []
  for (let number = 1; number <= pdf.numPages; number++) pages.push(await readPage(source, pdf, number))
  if (pages.every((lines) => lines.length === 0)) {
    const message = `${source} has no text on its ${pages.length} page(s), only pictures: run text recognition (OCR) over it`
    throw new SourceError('no-text', source, message)
  }
  const facts = await readFacts(pdf)
  const blocks = pdfBlocks(withoutMargins(pages), await bookmarks(pdf))
  const first = blocks.find((block) => block.type === 'heading' && block.level === 1)
  return {
    blocks,
    title: facts.title ?? (first && 'text' in first ? first.text : null),
    url: null,
    publishedAt: facts.date,
    authors: facts.authors,
  }
}

async function open(source: string, bytes: Uint8Array): Promise<Pdf> {
  const { getDocumentProxy } = await import('unpdf')
  try {
    // A copy: it is moved away from us. No fonts, pictures or scripts are loaded or made.
    return await getDocumentProxy(new Uint8Array(bytes), {
      disableFontFace: true,
      useSystemFonts: false,
      enableXfa: false,
      verbosity: 0,
    })
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'PasswordException')
      throw new SourceError('encrypted', source, `${source} needs a password: save it without one`, { cause })
    throw broken(source, cause, '')
  }
}

async function readPage(source: string, pdf: Pdf, number: number): Promise<Line[]> {
  try {
    const page = await pdf.getPage(number)
    const { items } = await page.getTextContent()
    const [, bottom = 0, , top = 0] = page.view
    const pieces = items.flatMap((piece): Piece[] => ('str' in piece ? [toPiece(piece)] : []))
    page.cleanup()
    return linesOf(pieces, { bottom, top })
  } catch (cause) {
    throw broken(source, cause, ` on page ${number}`)
  }
}

function toPiece({ str, transform, width, height, hasEOL }: PdfText): Piece {
  const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = (transform as unknown[]).map(Number)
  // Letters that run upwards or downwards are stamps, axes of diagrams, sides of tables.
  const isUpright = Math.abs(b) <= Math.abs(a)
  return { text: str, x, y, width, size: height || Math.hypot(c, d), isUpright, endsLine: hasEOL }
}

type PdfText = {
  readonly str: string
  readonly transform: readonly unknown[]
  readonly width: number
  readonly height: number
  readonly hasEOL: boolean
}

function broken(source: string, cause: unknown, where: string): SourceError {
  const why = cause instanceof Error ? cause.message.split('\n')[0] : 'unknown'
  return new SourceError('unreadable', source, `${source} is a damaged PDF${where} (${why}): export or repair it`, {
    cause,
  })
}

/** Titles that a word processor writes without being asked are names of files. */
async function readFacts(pdf: Pdf): Promise<{ title: string | null; date: string | null; authors: string[] }> {
  try {
    const { info: facts } = (await pdf.getMetadata()) as unknown as { info: Readonly<Record<string, unknown>> }
    const title = typeof facts['Title'] === 'string' ? facts['Title'].trim() : ''
    const isFile =
      /^(?:microsoft word|untitled|powerpoint presentation)|\.(?:docx?|pptx?|xlsx?|html?|tex|dvi|indd|pdf|qxd)$/i.test(
        title,
      )
    const date = typeof facts['CreationDate'] === 'string' ? facts['CreationDate'] : ''
    const authors = typeof facts['Author'] === 'string' ? [facts['Author']] : []
    return { title: title === '' || isFile ? null : title, date: pdfDate(date), authors }
  } catch {
    return { title: null, date: null, authors: [] }
  }
}

/** `D:20210304101500+01'00'` (ISO 32000-1, § 7.9.4). The day is what counts. */
function pdfDate(written: string): string | null {
  const [, year, month = '01', day = '01'] = /^(?:D:)?(\d{4})(\d\d)?(\d\d)?/.exec(written) ?? []
  return year === undefined ? null : toIsoDate(`${year}-${month}-${day}`)
}

const MAX_BOOKMARKS = 20_000
const MAX_DEPTH = 6

/** The document's own outline: the level of each title in it. A broken one says nothing. */
async function bookmarks(pdf: Pdf): Promise<Map<string, number>> {
  const levels = new Map<string, number>()
  type Mark = { readonly title: string; readonly items: readonly Mark[] }
  try {
    let marks = ((await pdf.getOutline()) ?? []) as readonly Mark[]
    for (let level = 1; level <= MAX_DEPTH && marks.length > 0; level++) {
      for (const key of marks.map(({ title }) => titleKey(title))) levels.set(key, levels.get(key) ?? level)
      marks = marks.flatMap((mark) => mark.items).slice(0, MAX_BOOKMARKS)
    }
  } catch {
    levels.clear()
  }
  return levels
}
