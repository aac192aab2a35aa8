// Makes a model's text inert: whoever renders it, as Markdown, as HTML or in a chat, finds words and our footnotes.
import type { MarkerReader, MarkerToken } from './cite.ts'

/**
 * What is guaranteed of the text that comes out, in prose and in code alike (renderers do not agree where code ends):
 * - No HTML, no autolink, no mention of a chat in angle brackets: `<` before a letter or one of /!?@# becomes `‹`.
 * - No link and no image: `](` becomes `] (`, and `]:` on a line that begins with a bracket becomes `] :`.
 * - No address that would be made a link: `://` becomes `[:]//`, and dots of an address or behind `www` become `[.]`.
 *   Names such as redis.io stay words; a renderer that makes links of them guesses.
 * - No mention and no mail address: `@` before a letter becomes `＠`.
 * - `[n]` is a footnote of ours: a number in brackets that is none becomes `[ n]`.
 * Everything else stays as it is. At most four characters are held back.
 */
export function inertly(reader: MarkerReader): MarkerReader {
  const state: State = { out: '', held: '', tail: '', opensBracket: null, isAddress: false }
  const make = (tokens: readonly MarkerToken[]): MarkerToken[] => {
    const made: MarkerToken[] = []
    for (const token of tokens) {
      if (token.type === 'text') for (const unit of token.text) read(state, unit)
      else {
        flush(state)
        made.push(...taken(state), token)
        // It will be written as [n].
        state.tail = ']'
        state.opensBracket ??= true
        state.isAddress = false
      }
    }
    return [...made, ...taken(state)]
  }
  return {
    push: (delta) => make(reader.push(delta)),
    end: () => {
      const made = make(reader.end())
      flush(state)
      return [...made, ...taken(state)]
    },
    unknown: () => reader.unknown(),
  }
}

type State = {
  out: string
  /** the beginning of what may have to be changed */
  held: string
  /** the last four characters that were let out */
  tail: string
  /** whether the first thing on this line is a bracket; null: nothing yet */
  opensBracket: boolean | null
  isAddress: boolean
}

function read(state: State, unit: string): void {
  if (state.held !== '' && takesHeld(state, unit)) return
  if (/[<@:[]/.test(unit)) {
    // `]:` would define what a link leads to.
    if (unit === ':' && state.opensBracket && state.tail.endsWith(']')) letOut(state, ' ')
    if (unit === '[') state.opensBracket ??= true
    state.held = unit
    return
  }
  if (unit === '(' && state.tail.endsWith(']')) letOut(state, ' ')
  state.isAddress = isInAddress(state, unit)
  letOut(state, unit === '.' && state.isAddress ? '[.]' : unit)
}

function isInAddress({ tail, isAddress }: State, unit: string): boolean {
  if (/\s/.test(unit)) return false
  if (unit === '/' && tail.endsWith('/')) return true
  return isAddress || (unit === '.' && /(?:^|[^\p{L}\p{N}])www$/iu.test(tail))
}

/** True when the unit belongs to what is held back. Otherwise that has been let out, changed or not. */
function takesHeld(state: State, unit: string): boolean {
  const { held } = state
  const both = held + unit
  if (both === ':/' || /^\[\d{1,3}$/.test(both)) {
    state.held = both
    return true
  }
  state.held = ''
  if (both === '://') {
    state.isAddress = true
    letOut(state, '[:]//')
    return true
  }
  if (/^\[\d{1,3}\]$/.test(both)) {
    letOut(state, `[ ${held.slice(1)}]`)
    return true
  }
  if (held === '<') letOut(state, /[\p{L}/!?@#]/u.test(unit) ? '‹' : '<')
  else if (held === '@') letOut(state, /\p{L}/u.test(unit) ? '＠' : '@')
  else letOut(state, held)
  return false
}

function letOut(state: State, text: string): void {
  state.out += text
  state.tail = (state.tail + text).slice(-4)
  if (text === '\n') state.opensBracket = null
  else if (/[^\s>*+\-\d.)!]/.test(text)) state.opensBracket ??= false
}

function flush(state: State): void {
  const { held } = state
  state.held = ''
  if (held !== '') letOut(state, held)
}

function taken(state: State): MarkerToken[] {
  const { out } = state
  state.out = ''
  return out === '' ? [] : [{ type: 'text', text: out }]
}
