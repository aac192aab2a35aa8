// Titles, addresses, dates and authors as sources write them, brought into one form. What cannot be read is null, never a guess.
import { cleanLine } from './blocks.ts'

/** `notes/rate_limits-2021.md` → `Rate limits 2021`: the title of last resort. */
export function readableName(source: string): string {
  const file =
    decodeSafely(source)
      .split(/[\\/]/)
      .findLast((part) => part !== '') ?? source
  const stem = file.replace(/(?<=.)\.[a-z0-9]{1,8}$/i, '')
  const words = cleanLine(stem.replaceAll(/[-_+]+/g, ' '))
  const kept = words.split(' ').filter((word) => !isFingerprint(word))
  // A name that is nothing but numbers and hashes stays whole: it is then the only thing to tell files apart by.
  const name = kept.some((word) => /\p{L}/u.test(word)) ? kept.join(' ') : words
  return name === '' ? source : name.charAt(0).toUpperCase() + name.slice(1)
}

/** Only web addresses: this becomes a link that readers click. */
export function toWebUrl(raw: string | undefined | null): string | null {
  if (!raw) return null
  const url = URL.parse(raw.trim())
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}

/** `2021-03-04` for a day, `2021-03-04T10:00:00.000Z` for a moment. */
export function toIsoDate(raw: string | undefined | null): string | null {
  const text = raw?.trim() ?? ''
  // Without this, Date.parse makes the year 2001 of words like "Chapter 1".
  if (!/\b\d{4}\b/.test(text)) return null
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return null
  // V8 reads 30 February as 2 March; a database would refuse it.
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return time.toISOString().startsWith(text) ? text : null
  if (/\d:\d\d/.test(text)) return time.toISOString()
  // "4 March 2021" is read in local time, so its local day is the day that was written.
  return [time.getFullYear(), time.getMonth() + 1, time.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-')
}

const MOST_AUTHORS = 20
const LONGEST_AUTHOR = 100

/** Each name once, as it is shown. Office programs write several into one field, with semicolons between them. */
export function toAuthors(written: readonly string[]): string[] {
  const names = written.flatMap((each) => each.split(';')).map((name) => shortened(cleanLine(name)))
  return [...new Set(names.filter((name) => name !== '' && !isNobody.test(name)))].slice(0, MOST_AUTHORS)
}

/** Of several places that may say it, the first that names anybody. */
export function firstNamed(...places: readonly (readonly string[])[]): string[] {
  return places.map(toAuthors).find((names) => names.length > 0) ?? []
}

/** A name, an object with a `name`, or a list of those: as YAML and JSON write people. */
export function namesIn(written: unknown): string[] {
  return [written].flat().flatMap((each: unknown) => {
    const name = typeof each === 'object' && each !== null && 'name' in each ? each.name : each
    return typeof name === 'string' ? [name] : []
  })
}

// What programs write where nobody has said who he is: as the author, their own name or that of the account.
const isNobody =
  /^(?:anonymous|unknown|\(?unspecified\)?|user|owner|root|admin(?:istrator)?|(?:microsoft office|windows) user|python-docx|openpyxl|pptxgenjs|apache poi)$/i

function shortened(name: string): string {
  // The last of these may be half a character.
  return name.length > LONGEST_AUTHOR ? `${Array.from(name.slice(0, LONGEST_AUTHOR)).slice(0, -1).join('')}…` : name
}

/** A long hexadecimal word with digits and letters: a hash, an id, never a word of a title. */
function isFingerprint(word: string): boolean {
  return /^[0-9a-f]{8,}$/i.test(word) && /\d/.test(word) && /[a-f]/i.test(word)
}

function decodeSafely(source: string): string {
  try {
    return decodeURIComponent(source)
  } catch {
    return source
  }
}
