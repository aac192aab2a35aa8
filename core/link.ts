// Where a span of a document is shown, marked: the page of a server, relative to its address.
import type { Passage } from './types.ts'

type Place = {
  readonly document: Pick<Passage['document'], 'id' | 'revision'>
  readonly span: Passage['span']
}

export function readerLink({ document: { id, revision }, span: { start, end } }: Place): string {
  return `/documents/${id}?revision=${revision}#${start}-${end}`
}
