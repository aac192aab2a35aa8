// Who wrote a page: four places say it, and the first that names anybody is believed.
import type { DefaultTreeAdapterTypes as Tree } from 'parse5'
import { z } from 'zod'
import { firstNamed, namesIn } from './metadata.ts'

/** What is met on the way through a page. */
export type AuthorsSaid = {
  readonly named: string[]
  readonly ofArticle: string[]
  /** scripts of JSON-LD, not read yet */
  readonly linked: string[]
  readonly byline: string[]
}

export function noAuthors(): AuthorsSaid {
  return { named: [], ofArticle: [], linked: [], byline: [] }
}

export function readAuthors(element: Tree.Element, said: AuthorsSaid): void {
  const of = (name: string) => element.attrs.find((attr) => attr.name === name)?.value ?? ''
  if (element.tagName === 'meta') {
    const name = (of('property') || of('name')).toLowerCase()
    // Where Open Graph wants a profile, most pages write a name.
    if (name === 'author') said.named.push(of('content'))
    else if (name === 'article:author' && !/^https?:/i.test(of('content').trim())) said.ofArticle.push(of('content'))
  } else if (element.tagName === 'script' && of('type').toLowerCase() === 'application/ld+json')
    said.linked.push(wordsOf(element))
  // Cards further down lead to other pages, by others.
  else if (element.tagName === 'a' && said.byline.length === 0 && /(?:^|\s)author(?:\s|$)/i.test(of('rel')))
    said.byline.push(wordsOf(element))
}

export function authorsOf({ named, ofArticle, linked, byline }: AuthorsSaid): string[] {
  return firstNamed(named, ofArticle, ...linked.map(authorsOfLinked), byline)
}

const list = z.unknown().transform((each) => [each].flat())
const node = z.object({
  '@type': list.optional(),
  '@graph': list.optional(),
  author: z.unknown().optional().transform(namesIn),
})

/** Of the first thing in it that is written: a comment or a review below it has another author. */
function authorsOfLinked(script: string): readonly string[] {
  const nodes = [parseJson(script)].flat().flatMap((each) => {
    const top = node.safeParse(each).data
    const below = (top?.['@graph'] ?? []).flatMap((inner) => node.safeParse(inner).data ?? [])
    return top ? [top, ...below] : []
  })
  const works = nodes.filter((each) => each['@type']?.some((type) => typeof type === 'string' && isWork.test(type)))
  return works.find(({ author }) => author.length > 0)?.author ?? []
}

const isWork = /(?:Article|Posting|Report|Page|Book|Chapter|Thesis|CreativeWork|HowTo)$/

function parseJson(script: string): unknown {
  try {
    return JSON.parse(script)
  } catch {
    return null
  }
}

function wordsOf(element: Tree.Element): string {
  const words: string[] = []
  const stack: Tree.Node[] = [element]
  for (let at = stack.pop(); at; at = stack.pop()) {
    if ('value' in at) words.push(at.value)
    if ('childNodes' in at) for (const child of at.childNodes.toReversed()) stack.push(child)
  }
  return words.join('')
}
