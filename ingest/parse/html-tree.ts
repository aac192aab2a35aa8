// Looking around in a parsed page: where its text is, and what its head says about it.
import type { DefaultTreeAdapterTypes as Tree } from 'parse5'

export type Survey = {
  title: string | null
  ogTitle: string | null
  canonical: string | null
  published: string | null
  /** the first <time datetime> of the page */
  time: string | null
  /** where the text may be, narrowest first */
  roots: readonly Tree.ParentNode[]
}

/** One pass over the page, in document order. The first of each kind counts. */
export function survey(document: Tree.Document): Survey {
  const found: Survey = { title: null, ogTitle: null, canonical: null, published: null, time: null, roots: [] }
  const articles: Tree.Element[] = []
  const mains: Tree.Element[] = []
  const stack: { readonly node: Tree.Node; readonly nested: boolean }[] = [{ node: document, nested: false }]
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { node, nested } = step
    const isArticle = isElement(node) && node.tagName === 'article'
    if (isElement(node)) readFacts(node, found)
    // An article in an article is a comment or a card and does not compete with it.
    if (isArticle && !nested) articles.push(node)
    if (isElement(node) && (node.tagName === 'main' || attribute(node, 'role') === 'main')) mains.push(node)
    for (const child of childrenBackwards(node)) stack.push({ node: child, nested: nested || isArticle })
  }
  // Several articles are a list of posts: then only the part around all of them holds the whole text.
  found.roots = [...(articles.length === 1 ? articles : []), ...mains.slice(0, 1), document]
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
    return name === 'style' && /display\s*:\s*none|visibility\s*:\s*hidden/i.test(value)
  })
}

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
  const name = attribute(element, 'property') ?? attribute(element, 'name')
  const content = attribute(element, 'content')
  if (name === 'og:title') found.ogTitle ??= content
  else if (name === 'article:published_time') found.published ??= content
}

function ownText(element: Tree.Element): string {
  return element.childNodes.map((child) => ('value' in child ? child.value : '')).join('')
}
