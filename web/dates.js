// @ts-check
// Days and how long ago, in words.

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
