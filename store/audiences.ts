// Who may read what, as SQL: the names of those who ask against those of a document.
import { audienceNames } from '../core/audience.ts'

/** A parameter for the conditions below. */
export function audienceParameter(audiences: readonly string[]): string[] {
  return audienceNames(audiences)
}

/** Of a row of `documents`: it is for everyone, or for one of the names in this parameter. */
export function isReadable(parameter: string): string {
  return `(audience = '{}' or audience && ${parameter}::text[])`
}

/** `chunk_id` of all chunks that none of the names in this parameter opens; $1 is the library. */
export function hiddenSql(parameter: string): string {
  // A step in an index for each such document, however little the planner knows of the tables (store/search.ts).
  return `
    select c.chunk_id from documents d
    cross join lateral (select chunk_id from chunks where library_id = $1 and document_id = d.document_id offset 0) c
    where d.library_id = $1 and d.audience <> '{}' and not ${isReadable(parameter)}`
}
