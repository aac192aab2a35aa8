// Where a span of a document can be read: marked on the page of a server, and in the document itself.
import type { DocumentRef, Passage } from './types.ts'

type Place = {
  readonly document: Pick<Passage['document'], 'id' | 'revision'>
  readonly span: Passage['span']
}

/** Relative to the address of the server. */
export function readerLink({ document: { id, revision }, span: { start, end } }: Place): string {
  return `/documents/${id}?revision=${revision}#${start}-${end}`
}

/** The document's own address, a PDF opened at the page (RFC 8118, § 3); null: it has none. */
export function originalLink({ url, source }: Pick<DocumentRef, 'url' | 'source'>, page: number | null): string | null {
  if (url === null || page === null || !isFile(url, source)) return url
  return `${url.replace(/#.*$/s, '')}#page=${page}`
}

/** What was learned from its own address has its pages there. Any other address may be that of a page about it. */
function isFile(url: string, source: string): boolean {
  const address = URL.parse(url)
  return /^https?:$/.test(address?.protocol ?? '') && (url === source || /\.pdf$/i.test(address?.pathname ?? ''))
}
