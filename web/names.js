// @ts-check
// What things are called on the page, and where they are to be read.

/** @import { Place } from './wire.d.ts' */

/** @param {number} count @param {string} noun */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`

/**
 * "Title › Chapter › Section, p. 12"; a first heading that repeats the title is said once.
 * @param {{ document: { title: string }, headings: string[], page: number | null }} place
 */
export function placeName({ document: { title }, headings, page }) {
  const path = [title, ...(headings[0] === title ? headings.slice(1) : headings)].join(' › ')
  return page === null ? path : `${path}, p. ${page}`
}

/**
 * The reader page of a citation or passage, built here: no address that was sent becomes a link.
 * @param {Place} place
 */
export function readerPath({ document: { id, revision }, span }) {
  return `/documents/${encodeURIComponent(id)}?revision=${encodeURIComponent(revision)}#${span.start}-${span.end}`
}
