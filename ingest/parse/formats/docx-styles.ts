// What the styles of a Word document say about their paragraphs. A style has what it does not say from the one it is
// based on.
import { readEntry } from './xml.ts'
import type { Archive } from './zip.ts'

export type Style = {
  /** of a heading; 0: it is none */
  readonly level: number
  readonly isTitle: boolean
  readonly isCode: boolean
  readonly isHidden: boolean
  /** its numbering; empty: none */
  readonly list: string
}

type Written = { name: string; parent: string; outline: number | null; list: string; isHidden: boolean }

export async function readStyles(source: string, archive: Archive): Promise<Map<string, Style>> {
  const written = new Map<string, Written>()
  let open: Written | null = null
  await readEntry(source, archive, 'word/styles.xml', {
    open: ({ name, attributes }) => {
      const value = attributes['w:val'] ?? ''
      if (name === 'style') {
        open = { name: '', parent: '', outline: null, list: '', isHidden: false }
        written.set(attributes['w:styleId'] ?? '', open)
      } else if (open === null) return
      else if (name === 'name') open.name = value.toLowerCase()
      else if (name === 'basedOn') open.parent = value
      else if (name === 'outlineLvl') open.outline = Number(value)
      else if (name === 'numId') open.list = value
      else if (name === 'vanish') open.isHidden = value !== '0' && value !== 'false'
    },
    close: (name) => {
      if (name === 'style') open = null
    },
  })
  return new Map(Array.from(written.keys(), (id) => [id, styleOf(lineOf(id, written))]))
}

// Longer lines of descent are cycles.
const MAX_ANCESTORS = 20

/** The style and those it is based on, nearest first. */
function lineOf(id: string, written: ReadonlyMap<string, Written>): Written[] {
  const line: Written[] = []
  for (let next = written.get(id); next && line.length < MAX_ANCESTORS; next = written.get(next.parent)) line.push(next)
  return line
}

function styleOf(line: readonly Written[]): Style {
  const isTitle = line[0]?.name === 'title'
  return {
    level: isTitle ? 1 : Math.max(0, ...line.slice(0, 1).map(namedLevel)) || outlineOf(line),
    isTitle,
    isCode: line.some(({ name }) => /\bcode\b|preformatted|plain text|source text/.test(name) && !/char/.test(name)),
    isHidden: line.some(({ isHidden }) => isHidden),
    list: line.find(({ list }) => list !== '')?.list ?? '',
  }
}

function namedLevel({ name }: Written): number {
  return Math.min(6, Number(/^heading (\d)$/.exec(name)?.[1] ?? 0))
}

/** Levels are counted from 0; 9 is body text. */
function outlineOf(line: readonly Written[]): number {
  const named = line.find((style) => style.outline !== null || namedLevel(style) > 0)
  if (named === undefined) return 0
  const level = named.outline === null ? namedLevel(named) : named.outline + 1
  return level >= 1 && level <= 9 ? Math.min(6, level) : 0
}
