// Markdown that lost its line breaks: "… text. --- ### Heading - **Point**: words - Sub point". Where the marks are so
// many that they cannot be prose, each goes back to a line of its own.

/** A shorter line with such marks is prose with dashes. */
const MIN_LENGTH = 120
/** A heading ends where its list begins; a longer one has swallowed a paragraph, and no mark tells where. */
const MAX_HEADING = 100

// A capital, a number or bold words follow the dash of an entry. Between two numbers it is a range: (2015 - 2019).
const mark = / (---(?= )|#{2,6}(?= \p{Lu})|(?<!\d )-(?= \d)|-(?= (?:\*\*|["“'(]*\p{Lu}))|\d{1,2}\.(?= \*\*))/gu

type Piece = { readonly mark: string; readonly words: string }

/** Markdown with its lines back, or null where the text is not surely flattened. */
export function restoreLines(text: string): string | null {
  if (text.length < MIN_LENGTH) return null
  const pieces = piecesOf(text)
  if (!isFlattened(text, pieces)) return null
  const depthOf = nesting()
  const lines = pieces.map((piece, i) => {
    const next = pieces[i + 1]
    if (isEntry(piece)) return `${'  '.repeat(depthOf(piece.words))}- ${piece.words}${isEntry(next) ? '' : '\n'}`
    const isHeading = piece.mark.startsWith('#') && piece.words.length <= MAX_HEADING && next !== undefined
    return isHeading ? `${piece.mark} ${piece.words}\n` : `${piece.words}\n`
  })
  return lines.join('\n').trim()
}

/** The same for every line of a markdown source. Lines of code and of tables carry other marks. */
export function restoreSource(source: string): string {
  if (!/ (?:-|---) [^\n]* (?:-|#{2,6}) /.test(source)) return source
  return source
    .split('\n')
    .map((line) => (/^(?: {4}|\t|\|)/.test(line) ? line : (restoreLines(line) ?? line)))
    .join('\n')
}

function piecesOf(text: string): Piece[] {
  // Split by a pattern with a group: words and marks take turns.
  const parts = ` ${text}`.split(mark)
  return parts.flatMap((words, i) => (i % 2 === 0 ? [{ mark: parts[i - 1] ?? '', words: words.trim() }] : []))
}

/** Headings and entries in one line, or a colon and a list of three: prose has neither. */
function isFlattened(text: string, pieces: readonly Piece[]): boolean {
  const headings = pieces.filter((piece) => piece.mark.startsWith('#')).length
  const entries = pieces.filter(isEntry).length
  if (headings >= 2) return entries >= 2
  const [before, first] = pieces
  const isAnnounced = before !== undefined && before.words.endsWith(':') && isEntry(first)
  return isAnnounced && entries >= 3 && !/^\s*(?:[-*+]|\d+\.) /.test(text)
}

function isEntry(piece: Piece | undefined): boolean {
  return piece !== undefined && /^(?:-|\d)/.test(piece.mark) && piece.mark !== '---'
}

/**
 * The levels of the list are lost. An entry that ends with a colon announces those below it; the next one that looks
 * like it (it announces too, or it alone is bold) is its neighbour again.
 */
function nesting(): (words: string) => number {
  let below: 'nothing' | 'first' | 'bold' | 'plain' = 'nothing'
  return (words) => {
    const announces = /:(?:\*\*)?$/.test(words)
    const isBold = words.startsWith('**')
    if (below === 'first') {
      below = isBold ? 'bold' : 'plain'
      return 1
    }
    if (below !== 'nothing' && !announces && (below === 'bold' || !isBold)) return 1
    below = announces ? 'first' : 'nothing'
    return 0
  }
}
