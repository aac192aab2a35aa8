// Looking around in a parsed page: where its text is, and what its head says about it.
import type { DefaultTreeAdapterTypes as Tree } from 'parse5'
import { type AuthorsSaid, noAuthors, readAuthors } from './html-authors.ts'

export type Survey = {
  title: string | null
  ogTitle: string | null
  canonical: string | null
  ogUrl: string | null
  published: string | null
  /** the first <time datetime> of the page */
  time: string | null
  readonly authors: AuthorsSaid
  /** where the text may be, narrowest first */
  roots: readonly Tree.ParentNode[]
}

/** One pass over the page, in document order. The first of each kind counts. */
export function survey(document: Tree.Document): Survey {
  const found: Survey = {
    title: null,
    ogTitle: null,
    canonical: null,
    ogUrl: null,
    published: null,
    time: null,
    authors: noAuthors(),
    roots: [],
  }
  const articles: Tree.Element[] = []
  const mains: Tree.Element[] = []
  const stack: { readonly node: Tree.Node; readonly nested: boolean }[] = [{ node: document, nested: false }]
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { node, nested } = step
    const isArticle = isElement(node) && node.tagName === 'article'
    if (isElement(node)) readFacts(node, found)
    if (isElement(node)) readAuthors(node, found.authors)
    // An article in an article is a comment or a card and does not compete with it.
    if (isArticle && !nested) articles.push(node)
    if (isElement(node) && (node.tagName === 'main' || attribute(node, 'role') === 'main')) mains.push(node)
    for (const child of childrenBackwards(node)) stack.push({ node: child, nested: nested || isArticle })
  }
  // Several articles are a list of posts: then only the part around all of them holds the whole text.
  found.roots = [...(articles.length === 1 ? articles : []), ...mains.slice(0, 1)]
  return found
}

export function isElement(node: Tree.Node): node is Tree.Element {
  return 'tagName' in node
}

export function attribute(element: Tree.Element, name: string): string | null {
  return element.attrs.find((attr) => attr.name === name)?.value ?? null
}

/** What a reader of the page does not see must not be quoted to them, and is a favourite place for planted orders. */
export function isHidden(element: Tree.Element): boolean {
  return element.attrs.some(({ name, value }) => {
    if (name === 'hidden') return value !== 'until-found'
    if (name === 'aria-hidden') return value === 'true'
    if (name === 'class') return /(?:^|\s)(?:sr-only|visually-hidden|screen-reader-text)(?:\s|$)/.test(value)
    return name === 'style' && unseen.test(value)
  })
}

const unseen =
  /display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:opacity|font-size)\s*:\s*0*(?:\.0+)?(?![.\d])|content-visibility\s*:\s*hidden/i

/** What stands around a text by its role, and boxes that ask for consent, which have no tag of their own. */
export function isFurniture(element: Tree.Element): boolean {
  return element.attrs.some(({ name, value }) => {
    if (name === 'role') return /^(?:navigation|banner|contentinfo|search|dialog|alertdialog|menu|menubar)$/.test(value)
    return (name === 'id' || name === 'class') && consent.test(value)
  })
}

const consent =
  /(?:cookie|consent|gdpr)[\w-]*(?:banner|bar|notice|popup|modal|dialog|overlay|wall|prompt)|onetrust|cookiebot|cookieconsent|didomi/i

/** For a stack: the first child must be pushed last. */
export function childrenBackwards(node: Tree.Node): Tree.ChildNode[] {
  return 'childNodes' in node ? node.childNodes.toReversed() : []
}

function readFacts(element: Tree.Element, found: Survey): void {
  const tag = element.tagName
  // An <svg> has <title>s too.
  if (tag === 'title' && element.parentNode?.nodeName === 'head') found.title ??= ownText(element)
  else if (tag === 'time') found.time ??= attribute(element, 'datetime')
  else if (tag === 'link' && attribute(element, 'rel') === 'canonical') found.canonical ??= attribute(element, 'href')
  else if (tag === 'meta') readMeta(element, found)
}

function readMeta(element: Tree.Element, found: Survey): void {
  const name = attribute(element, 'property') ?? attribute(element, 'name') ?? attribute(element, 'itemprop')
  const content = attribute(element, 'content')
  if (name === 'og:title') found.ogTitle ??= content
  else if (name === 'og:url') found.ogUrl ??= content
  else if (name !== null && dates.has(name.toLowerCase())) found.published ??= content
}

const dates = new Set([
  'article:published_time',
  'og:published_time',
  'datepublished',
  'date',
  'dc.date',
  'dcterms.date',
])

function ownText(element: Tree.Element): string {
  return element.childNodes.map((child) => ('value' in child ? child.value : '')).join('')
}
