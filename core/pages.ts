// Pages of documents that have them: which one a place stands on, and how it is told.

/** Where each page begins, as in `ParsedDocument`, by the id of the document. */
export type PageStarts = ReadonlyMap<string, readonly number[]>

/** The page, counted from 1, on which the character at `offset` stands; null: there are no pages. */
export function pageAt(starts: readonly number[], offset: number): number | null {
  if (starts.length === 0) return null
  const next = starts.findIndex((start) => start > offset)
  return next === -1 ? starts.length : Math.max(1, next)
}

/** What stands behind the name of a place. */
export function pageWords(page: number | null): string {
  return page === null ? '' : `, p. ${page}`
}
