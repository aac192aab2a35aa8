// Where a footnote leads: to the reader page with the words marked, or to the document itself.
import { originalLink, readerLink } from '../../core/link.ts'
import type { Citation, Passage } from '../../core/types.ts'

// Nothing in a message can be cut inside a link: one that takes most of a block is none.
const LONGEST = 1_000

/** Null when nothing can be opened: no public address of this server, and none of the document. */
export function sourceUrl(
  { link, document, page }: Pick<Citation, 'link' | 'document' | 'page'>,
  publicUrl: string | null,
) {
  return safeUrl(publicUrl === null ? originalLink(document, page) : publicUrl + link)
}

export function passageUrl(
  { document, page, span }: Pick<Passage, 'document' | 'page' | 'span'>,
  publicUrl: string | null,
) {
  return sourceUrl({ document, page, link: readerLink({ document, span }) }, publicUrl)
}

/** An address of the web in which no character means anything to Slack or to Markdown. */
function safeUrl(address: string | null): string | null {
  const url = address === null ? null : URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol)) return null
  const text = url.href.replaceAll(/[|<>()[\]\\`"'\s]/g, encoded)
  return text.length > LONGEST ? null : text
}

function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
