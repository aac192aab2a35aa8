// Ads and job posts. One that stands alone must ask for something at its end; in a section that is named for them a
// weaker sign is enough. Words like "jobs", "services" or "subscribe" mean something else in engineering: none decides.
import type { Heading, Span } from '../../core/types.ts'

type Line = Span & { readonly isHeading: boolean }

/** Where the lines start that advertise. */
export function adLines(text: string, outline: readonly Heading[], lines: readonly Line[]): Set<number> {
  const levels = new Map(outline.map(({ level, span }) => [span.start, level]))
  const found = new Set<number>()
  let section: { readonly level: number } | null = null
  for (const line of lines) {
    const words = text.slice(line.start, line.end).trim()
    if (line.isHeading) section = sectionOf(words, levels.get(line.start) ?? 1, section)
    else if (isSponsorLine(words)) {
      found.add(line.start)
      section = { level: 0 }
    } else if (isAd(words) || (section && section.level > 0 && standsInAds(words))) found.add(line.start)
    // The first line of another kind ends the ads: the title of the next article may be no heading.
    else section = null
  }
  return found
}

/** `level` 0: a sponsor's line alone, so far; a heading must follow to make it a section. */
function sectionOf(title: string, level: number, open: { readonly level: number } | null): { level: number } | null {
  if (isAdTitle(title) || isSponsorLine(title)) return { level }
  if (open === null) return null
  return isFurtherAdTitle(title) || (open.level > 0 && level > open.level) ? { level } : null
}

/** Names that no technical section has. */
function isAdTitle(title: string): boolean {
  return /^(?:who['’]?s hiring|we['’]?(?:re| are) hiring|(?:job|career) (?:openings|postings|board|listings|offers|ads)|open (?:positions|roles)|(?:our |thanks to our |from our |a word from our )sponsors?|sponsors|classifieds)\b.{0,20}$/i.test(
    title,
  )
}

/** Names that are ads only right below ads. */
function isFurtherAdTitle(title: string): boolean {
  return (
    title.split(/\s+/).length <= 6 && /\b(?:jobs|products|services|events|webinars|deals|offers|hiring)\b/i.test(title)
  )
}

/** "Sponsored post: Acme, Initech": opens what they paid for. */
function isSponsorLine(words: string): boolean {
  return (
    words.length <= 400 &&
    /^(?:sponsored (?:post|content|links?|message|by)|advertisement|advertorial|paid (?:post|content))\b\s*(?::|$)/i.test(
      words,
    )
  )
}

/** A line under such a heading: an entry, or words about sponsors and jobs. Prose of another kind is the next article. */
function standsInAds(words: string): boolean {
  if (/^[-•] /.test(words)) return true
  return words.split(/\s+/).length <= 40 && /\b(?:sponsors?|hiring|apply|advertis\w+|click to read)\b/i.test(words)
}

const MAX_AD = 900

/** It ends by asking the reader to apply, to buy or to try. */
function isAd(words: string): boolean {
  return words.length <= MAX_AD && (request.test(words.slice(-90)) || wholeRequest.test(words))
}

const request =
  /(?:^|[.!?:] )(?:apply (?:now|here|today|online)\b|start (?:your|a) (?:\d+[ -]day )?free\b.*\btrial\b|start a free \d+[ -]day trial\b|sign up (?:now|today|for free)\b|(?:book|request|schedule) (?:a|your) demo\b|(?:come )?join (?:us|our team) (?:today|now)\b)[^.!?:]{0,50}[.!:]?$/i

// Short, and nothing but the request.
const wholeRequest =
  /^(?:- )?(?:try (?:it|us) (?:out )?(?:for )?free\b|we(?:['’]re| are) hiring\b|get started for free\b|join our team\b)[^.]{0,60}[.!]?$/i
