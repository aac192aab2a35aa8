// Where the text of a page is when no <article> or <main> says so: the smallest element that holds almost all of its
// prose. What Readability does with scores of names and commas, reduced to the one measure that decided most: text
// outside of links.
import type { DefaultTreeAdapterTypes as Tree } from 'parse5'
import { childrenBackwards, isElement } from './html-tree.ts'

/** What a menu, a teaser and a line about copyright may have together beside the text. */
const ALMOST_ALL = 0.9
/** A shorter page is all text. */
const MIN_PROSE = 1000
/** A label, a date or a name of a menu is shorter. */
const MIN_TEXT = 25

/** null: nothing narrower than the page itself. */
export function narrowest(document: Tree.Document, isDropped: (element: Tree.Element) => boolean): Tree.Element | null {
  const visits = proseBelow(document, isDropped)
  const all = visits[0]?.prose ?? 0
  if (all < MIN_PROSE) return null
  // Visits go from a parent to its children: the last that holds enough is the narrowest.
  const found = visits.findLast(({ node, prose }) => prose >= ALMOST_ALL * all && isElement(node))?.node
  return found && isElement(found) && !/^(?:html|body|p|pre|td|li)$/.test(found.tagName) ? found : null
}

type Visit = { readonly node: Tree.Node; readonly parent: number; prose: number }

/** The characters of prose below each node; a list instead of a recursion, because pages are nested as deep as they like. */
function proseBelow(document: Tree.Document, isDropped: (element: Tree.Element) => boolean): Visit[] {
  const visits: Visit[] = []
  const stack: { readonly node: Tree.Node; readonly parent: number }[] = [{ node: document, parent: -1 }]
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { node, parent } = step
    if (isElement(node) && (node.tagName === 'a' || isDropped(node))) continue
    const prose = 'value' in node && node.value.trim().length >= MIN_TEXT ? node.value.trim().length : 0
    const at = visits.push({ node, parent, prose }) - 1
    for (const child of childrenBackwards(node)) stack.push({ node: child, parent: at })
  }
  for (const { parent, prose } of visits.toReversed()) {
    const above = visits[parent]
    if (above) above.prose += prose
  }
  return visits
}
