// @ts-check
// What things are called on the page, and where they are to be read.

/** @import { Citation, Place } from './wire.d.ts' */

/** @param {number} count @param {string} noun */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`

/**
 * "Title › Chapter › Section"; a first heading that repeats the title is said once.
 * @param {{ document: { title: string }, headings: string[] }} place
 */
export function placeName({ document: { title }, headings }) {
  return [title, ...(headings[0] === title ? headings.slice(1) : headings)].join(' › ')
}

/**
 * The reader page of a citation or passage, built here: no address that was sent becomes a link.
 * @param {Place} place
 */
export function readerPath({ document: { id, revision }, span }) {
  return `/documents/${encodeURIComponent(id)}?revision=${encodeURIComponent(revision)}#${span.start}-${span.end}`
}

/**
 * The original, scrolled to the quoted words where the browser can (URL Fragment Text Directives, WICG); null: none.
 * @param {Citation} citation
 */
export function originalLink({ document: { url }, quote }) {
  if (url === null || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return null
  const words = quote.split('\n')[0]?.trim().split(/\s+/) ?? []
  const ends = words.length > 8 ? [words.slice(0, 4), words.slice(-4)] : [words]
  return `${url.replace(/#.*$/s, '')}#:~:text=${ends.map(directive).join(',')}`
}

/** The signs that divide a directive must not stand in its words. @param {string[]} words */
const directive = (words) => encodeURIComponent(words.join(' ')).replaceAll('-', '%2D')

/** @param {string | null} at */
export function dateWords(at) {
  const date = new Date(at ?? '')
  if (Number.isNaN(date.getTime())) return at
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(date)
}

/** @param {string} at */
export function whenWords(at) {
  const minutes = (Date.now() - new Date(at).getTime()) / 60_000
  const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  if (minutes < 60) return ago.format(-Math.round(minutes), 'minute')
  if (minutes < 24 * 60) return ago.format(-Math.round(minutes / 60), 'hour')
  return minutes < 7 * 24 * 60 ? ago.format(-Math.round(minutes / 60 / 24), 'day') : dateWords(at)
}
