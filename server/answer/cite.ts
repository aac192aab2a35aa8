// Reads the model's text as it streams: prose stays text, a marker such as [2] becomes the passage numbers it names. Pure.

/** `[1][2]` gives two markers, `[1, 2]` one. `passages` are known numbers, each once, in the order they were written. */
export type MarkerToken =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'marker'; readonly passages: readonly number[] }

export type MarkerReader = {
  /** What is certain after this delta. Only a space and an open bracket that may still become a marker are held back. */
  push(delta: string): MarkerToken[]
  /** What was held back. */
  end(): MarkerToken[]
  /** How many numbers of markers were no passage of this answer. They have been removed. */
  unknown(): number
}

/**
 * A marker is a bracket that holds nothing but numbers of at most three digits: `[1]`, `[1, 2]`, `[1;2]`, `[1-3]`,
 * `[^1]`, `【1】`, or what models were taught elsewhere: `[Source 2]`, `[passage 4]`, `【4†source】`, `[2†L1-L4]`. Numbers outside 1…passageCount are removed, and a marker without any other goes with the space before it.
 * - Directly after a word or a bracket (`limits[1]`, `array[0]`) it is a marker only if it names a known passage:
 *   models glue markers to words, and prose indexes arrays.
 * - After a backslash it is text. What follows it does not matter: of `[1](url)` and `[1]: url` the rest stays text.
 * - In code fences and in inline code (which ends with its line at the latest) everything is text.
 */
export function createMarkerReader(passageCount: number): MarkerReader {
  const reading: Reading = {
    passageCount,
    tokens: [],
    text: '',
    before: '',
    space: '',
    bracket: '',
    unknown: 0,
    code: { place: 'prose', backticks: 0, run: 0, runBeginsLine: false, lineIsBlank: true },
  }
  return {
    push(delta) {
      // By UTF-16 unit: a delta may end between the halves of a character, and no rule looks at more than one unit.
      for (let i = 0; i < delta.length; i++) readUnit(reading, delta.charAt(i))
      return takeTokens(reading)
    },
    end() {
      release(reading)
      return takeTokens(reading)
    },
    unknown: () => reading.unknown,
  }
}

type Reading = {
  readonly passageCount: number
  tokens: MarkerToken[]
  /** text that is certain and not yet a token */
  text: string
  /** the last unit of that text, empty after a marker */
  before: string
  /** held back: it goes if a marker without a known number follows */
  space: string
  /** held back: the beginning of what may become a marker */
  bracket: string
  unknown: number
  readonly code: Code
}

type Code = {
  /** `opening`: on the line that opened a fence. `closing`: on a line that ends the fence if nothing else follows. */
  place: 'prose' | 'inline' | 'opening' | 'fence' | 'closing'
  /** how many backticks opened the code */
  backticks: number
  /** backticks in a row just read */
  run: number
  runBeginsLine: boolean
  lineIsBlank: boolean
}

// No list that a model means is longer; without a bound, "[1,1,1,…" would hold back the whole answer.
const longestMarker = 64
const list = String.raw` ?\^?\d{1,3}(?: ?[,;\-–] ?\^?\d{1,3})* ?`
const named = '(?:(?:sources?|passages?) )?'
// "†" begins what other products say of the place: its lines, or the word "source".
const place = String.raw`(?:†[^\[\]【】\n]*)?`
const marker = new RegExp(String.raw`^(?:\[${named}${list}${place}\]|【${named}${list}${place}】)$`, 'i')
const beginsNumber = String.raw` ?\^?(?:\d{1,3} ?[,;\-–] ?\^?)*`
// "s", "so", "sou", …: each letter only behind the one before it.
const beginsName = Array.from(
  'sources passages'.matchAll(/\w+/g),
  ([name]) => name.replaceAll(/./g, '(?:$&') + ')?'.repeat(name.length),
)
const markerPrefix = new RegExp(
  String.raw`^[\[【](?:(?:${beginsName.join('|')})|${named}${beginsNumber}(?:\d{1,3} ?)?|${named}${list}${place})$`,
  'i',
)
const wordOrBracket = /[\p{L}\p{N}_\]]/u

function readUnit(reading: Reading, unit: string): void {
  if (advanceCode(reading.code, unit)) {
    release(reading)
    write(reading, unit)
    return
  }
  if (reading.bracket !== '') {
    const bracket = reading.bracket + unit
    if (marker.test(bracket)) return finishMarker(reading, bracket)
    if (bracket.length < longestMarker && markerPrefix.test(bracket)) {
      reading.bracket = bracket
      return
    }
    releaseBracket(reading)
  }
  readOutsideBracket(reading, unit)
}

function readOutsideBracket(reading: Reading, unit: string): void {
  const escaped = reading.space === '' && reading.before === '\\'
  if ((unit === '[' || unit === '【') && !escaped) {
    reading.bracket = unit
    return
  }
  release(reading)
  // Narrow and plain no-break spaces too: some models put one before a marker.
  if (unit === ' ' || unit === '\u00a0' || unit === '\u202f') reading.space = unit
  else write(reading, unit)
}

function finishMarker(reading: Reading, bracket: string): void {
  const numbers = readNumbers(bracket, reading.passageCount)
  const passages = [...new Set(numbers.filter((number) => isKnown(number, reading.passageCount)))]
  const glued = reading.space === '' && wordOrBracket.test(reading.before)
  reading.bracket = bracket
  if (passages.length === 0 && glued) return release(reading)

  reading.unknown += numbers.filter((number) => !isKnown(number, reading.passageCount)).length
  reading.bracket = ''
  if (passages.length > 0) {
    release(reading)
    closeText(reading)
    reading.tokens.push({ type: 'marker', passages })
  }
  reading.space = ''
  // A second marker right behind this one is not glued to a word.
  reading.before = ''
}

/** `1-3` means 1, 2, 3 if both ends are known and in order; otherwise it is two numbers, so that nothing is made up. */
function readNumbers(bracket: string, passageCount: number): number[] {
  return [...bracket.replace(/†.*/, '').matchAll(/(\d+)(?: ?[-–] ?\^?(\d+))?/g)].flatMap(([, from, to]) => {
    const first = Number(from)
    if (to === undefined) return [first]
    const last = Number(to)
    if (!isKnown(first, passageCount) || !isKnown(last, passageCount) || first > last) return [first, last]
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

function isKnown(number: number, passageCount: number): boolean {
  return number >= 1 && number <= passageCount
}

/** True when this unit is text whatever it is: a backtick, a line break, or anything in code. */
function advanceCode(code: Code, unit: string): boolean {
  if (unit === '`') {
    if (code.run === 0) code.runBeginsLine = code.lineIsBlank
    code.run++
    code.lineIsBlank = false
    return true
  }
  if (code.run > 0) endRun(code)
  if (unit === '\n') {
    endLine(code)
    return true
  }
  if (code.place === 'closing' && !/[ \t\r]/.test(unit)) code.place = 'fence'
  // A fence may stand in a quotation.
  if (!/[ \t>]/.test(unit)) code.lineIsBlank = false
  return code.place !== 'prose'
}

function endRun(code: Code): void {
  const { run } = code
  code.run = 0
  switch (code.place) {
    case 'prose':
      code.place = code.runBeginsLine && run >= 3 ? 'opening' : 'inline'
      code.backticks = run
      return
    case 'inline':
      if (run === code.backticks) code.place = 'prose'
      return
    // A fence's first line has no backtick of its own, so this was inline code at the beginning of a line.
    case 'opening':
      code.place = run === code.backticks ? 'prose' : 'inline'
      return
    case 'fence':
    case 'closing':
      code.place = code.runBeginsLine && run >= code.backticks ? 'closing' : 'fence'
  }
}

function endLine(code: Code): void {
  code.lineIsBlank = true
  if (code.place === 'opening') code.place = 'fence'
  // Inline code may span lines in Markdown, but a stray backtick must not swallow the markers of a whole answer.
  else if (code.place !== 'fence') code.place = 'prose'
}

/** What was held back turned out to be text. */
function release(reading: Reading): void {
  const held = reading.space + reading.bracket
  reading.space = ''
  reading.bracket = ''
  if (held !== '') write(reading, held)
}

/** As above, but a space at the end stays: the next unit may open another bracket, as in `[ [9]`. */
function releaseBracket(reading: Reading): void {
  const endsInSpace = reading.bracket.endsWith(' ')
  if (endsInSpace) reading.bracket = reading.bracket.slice(0, -1)
  release(reading)
  if (endsInSpace) reading.space = ' '
}

function write(reading: Reading, text: string): void {
  reading.text += text
  reading.before = text.slice(-1)
}

function closeText(reading: Reading): void {
  if (reading.text !== '') reading.tokens.push({ type: 'text', text: reading.text })
  reading.text = ''
}

function takeTokens(reading: Reading): MarkerToken[] {
  closeText(reading)
  const { tokens } = reading
  reading.tokens = []
  return tokens
}
