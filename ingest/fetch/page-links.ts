// What a page of HTML says of itself and where it leads: by tokens alone, so in time that grows with its length only.
import { Tokenizer, type TokenHandler, TokenizerMode, type Token } from 'parse5'
import { toUrl } from './web-url.ts'

export type PageLinks = {
  /** each once, in order, resolved; not those marked nofollow */
  readonly links: readonly string[]
  /** where the page says it really lives */
  readonly canonical: string | null
  /** false: the page asks robots not to keep it */
  readonly mayBeKept: boolean
}

// A page with more is a list made by a machine.
const MOST_LINKS = 5_000

// What stands inside of these is no markup, so an address in it is no link.
const rawText: Readonly<Record<string, (typeof TokenizerMode)[keyof typeof TokenizerMode]>> = {
  script: TokenizerMode.SCRIPT_DATA,
  style: TokenizerMode.RAWTEXT,
  textarea: TokenizerMode.RCDATA,
  title: TokenizerMode.RCDATA,
  iframe: TokenizerMode.RAWTEXT,
  noembed: TokenizerMode.RAWTEXT,
  xmp: TokenizerMode.RAWTEXT,
}

export function readLinks(html: string, address: string): PageLinks {
  const found: Found = { address, base: address, canonical: null, robots: '', links: new Set() }
  readTags(html, found)
  const closed = (word: string) => new RegExp(`\\b(?:${word}|none)\\b`, 'i').test(found.robots)
  const links = closed('nofollow') ? [] : [...found.links]
  return { links, canonical: found.canonical, mayBeKept: !closed('noindex') }
}

type Found = {
  readonly address: string
  base: string
  canonical: string | null
  robots: string
  readonly links: Set<string>
}

type Attribute = (name: string) => string

const readers: Readonly<Record<string, (of: Attribute, found: Found) => void>> = {
  base(of, found) {
    found.base = toUrl(of('href'), found.address)?.href ?? found.base
  },
  meta(of, found) {
    if (/^robots$/i.test(of('name'))) found.robots += ` ${of('content')}`
  },
  link(of, found) {
    if (/\bcanonical\b/i.test(of('rel'))) found.canonical ??= toUrl(of('href'), found.base)?.href ?? null
  },
  a: readAnchor,
  area: readAnchor,
}

function readAnchor(of: Attribute, { links, base }: Found): void {
  const href = of('href')
  if (href === '' || links.size >= MOST_LINKS || /\bnofollow\b/i.test(of('rel'))) return
  const url = toUrl(href, base)
  if (url) links.add(url.href)
}

function readTags(html: string, found: Found): void {
  const tokens: TokenHandler = {
    onStartTag({ tagName, attrs }: Token.TagToken) {
      const of = (name: string) => attrs.find((each) => each.name === name)?.value ?? ''
      if (Object.hasOwn(readers, tagName)) readers[tagName]?.(of, found)
      const mode = Object.hasOwn(rawText, tagName) ? rawText[tagName] : undefined
      if (mode !== undefined) tokenizer.state = mode
    },
    onEndTag: ignore,
    onComment: ignore,
    onDoctype: ignore,
    onEof: ignore,
    onCharacter: ignore,
    onNullCharacter: ignore,
    onWhitespaceCharacter: ignore,
  }
  const tokenizer = new Tokenizer({}, tokens)
  tokenizer.write(html, true)
}

function ignore(): void {}
