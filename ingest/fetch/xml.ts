// XML of feeds and sitemaps as a small tree: lenient, as feeds are written by hand, and without entities of its own.
import type { Tag } from 'sax'
import { SourceError } from '../../core/errors.ts'

export type Element = {
  /** in lower case, with its prefix */
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (Element | string)[]
}

// A sitemap of the largest permitted size has 50,000 entries of up to five elements.
const MOST_ELEMENTS = 500_000
const MOST_DEPTH = 100

type Open = {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly children: (Element | string)[]
}

/** The root element. Throws SourceError. */
export async function readXml(source: string, text: string): Promise<Element> {
  const { default: sax } = await import('sax')
  // Not strict: it reads on after a stray "&", and knows HTML's names of characters. Entities that a document declares
  // are not expanded (`unparsedEntities` stays off), so none of them can grow.
  const parser = sax.parser(false, { lowercase: true, noscript: true })
  const top: Open = { name: '', attributes: {}, children: [] }
  const path = [top]
  let elements = 0
  const addText = (piece: string) => path.at(-1)?.children.push(piece)
  Object.assign(parser, {
    onopentag({ name, attributes }: Tag) {
      if (++elements > MOST_ELEMENTS || path.length > MOST_DEPTH) throw tooMuch(source)
      const element: Open = { name, attributes, children: [] }
      path.at(-1)?.children.push(element)
      path.push(element)
    },
    onclosetag: () => path.pop(),
    ontext: addText,
    oncdata: addText,
    onerror: () => parser.resume(),
  })
  parser.write(text).close()
  const root = top.children.find((child) => typeof child !== 'string')
  if (!root)
    throw new SourceError(
      'bad-xml',
      source,
      `${source} holds no XML: check that it is the address of a feed or a sitemap`,
    )
  return root
}

function tooMuch(source: string): SourceError {
  const message = `${source} has too many or too deeply nested elements to be a feed or a sitemap`
  return new SourceError('bad-xml', source, message)
}

/** Elements of this name directly below. */
export function childrenOf(element: Element, name: string): Element[] {
  return element.children.filter((child) => typeof child !== 'string' && child.name === name) as Element[]
}

/** The words of the first of these elements that has any. */
export function textOf(element: Element, ...names: readonly string[]): string | null {
  for (const name of names)
    for (const child of childrenOf(element, name)) {
      const text = wordsOf(child).trim()
      if (text !== '') return text
    }
  return null
}

export function wordsOf(element: Element): string {
  return element.children.map((child) => (typeof child === 'string' ? child : wordsOf(child))).join('')
}

/** What stands inside of an element, as markup again. */
export function markupOf(element: Element): string {
  return element.children
    .map((child) => {
      if (typeof child === 'string') return escape(child)
      const attributes = Object.entries(child.attributes).map(([name, value]) => ` ${name}="${escape(value)}"`)
      return `<${child.name}${attributes.join('')}>${markupOf(child)}</${child.name}>`
    })
    .join('')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
