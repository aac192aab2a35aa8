// Makes a model's text inert: whoever renders it, as Markdown, as HTML or in a chat, finds words and our footnotes.
import type { MarkerReader, MarkerToken } from './cite.ts'

/**
 * What is guaranteed of the text of an answer, in prose and in code alike (renderers do not agree where code ends):
 * - No HTML, no autolink, no mention of a chat in angle brackets: `<` before a letter or one of /!?@# becomes `‹`.
 * - No link and no image: `](` becomes `] (`, and `]:` in a paragraph of which a line begins with a bracket `] :`.
 * - No address that would be made a link: `://` becomes `[:]//`, and dots of an address or behind `www` become `[.]`.
 *   Names such as redis.io stay words; a renderer that makes links of them guesses.
 * - No mention and no mail address: `@` before a letter becomes `＠`.
 * - `[n]` is a footnote of ours: a number in brackets that is none becomes `[ n]`.
 * Everything else stays as it is. At most four characters are held back.
 *
 * Here characters are replaced. What takes only a space, and what comes together first in the answer, because a
 * footnote came between or was lost, or a sentence was withheld, is seen where text is written: `mustStandApart`.
 */
export function inertly(reader: MarkerReader): MarkerReader {
  const state: State = { out: '', held: '', tail: '', isAddress: false }
  const make = (tokens: readonly MarkerToken[]): MarkerToken[] => {
    const made: MarkerToken[] = []
    for (const token of tokens) {
      if (token.type === 'text') for (const unit of token.text) read(state, unit)
      else {
        flush(state)
        made.push(...taken(state), token)
        // It will be written as [n].
        state.tail = ']'
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
  isAddress: boolean
}

function read(state: State, unit: string): void {
  if (state.held !== '' && takesHeld(state, unit)) return
  if (/[<@:[]/.test(unit)) {
    state.held = unit
    return
  }
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

// No label of a link is longer, and no name of a host.
const LABEL = 1_000
const HOST = 256

const endsInAddress = /(?:\/\/|(?:^|[^\p{L}\p{N}])www(?:\[\.\]|$))\S*$/iu

/**
 * Whether a character right behind the text that has been written would make with it what an answer may not hold.
 * `last`: that many characters of it, or all there are.
 */
export function mustStandApart(last: (characters: number) => string, character: string): boolean {
  switch (character) {
    case '(':
      return last(1) === ']'
    // `[label]: address` defines what a link leads to; a label may go over lines.
    case ':':
      return last(1) === ']' && mayBeLabel(last(LABEL))
    case ']':
      return /\[\d{1,3}$/.test(last(4))
    // Of `[.]` it is harmless.
    case '.':
      return last(1) !== '[' && endsInAddress.test(last(HOST))
    case '/':
      return last(2) === ':/' || last(1) === '<'
    default:
      return (last(1) === '<' && /[\p{L}!?@#]/u.test(character)) || (last(1) === '@' && /\p{L}/u.test(character))
  }
}

function mayBeLabel(text: string): boolean {
  const paragraph = text.slice(text.lastIndexOf('\n\n') + 1)
  return paragraph.split('\n').some((line) => /^[\s>*+\-\d.)!]*\[/.test(line))
}
