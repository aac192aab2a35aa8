// Cuts a stream of text and markers into statements: every sentence ends with its citations, compared with their words.
import type { AnswerEvent, Passage } from '../../core/types.ts'
import type { Draft } from './draft.ts'
import { type Backing, createGrounds, type Grounds } from './ground.ts'
import { mustStandApart } from './inert.ts'
import { endsInAbbreviation } from './sentences.ts'
import type { Judged } from './verdicts.ts'

export type StatementWriter = {
  readonly text: (delta: string) => Iterable<AnswerEvent | Judged>
  /** The passages the model named for the statement under way. */
  readonly markers: (numbers: readonly number[]) => Iterable<AnswerEvent | Judged>
  readonly end: () => Iterable<AnswerEvent | Judged>
}

type Open = {
  /** where the statement begins and where its last word ends, in the answer's text */
  start: number
  end: number
  /** its words without markers */
  words: string
  /** the last of them, each run of spaces as one: all that says whether a sentence ends here */
  tail: string
  hasBegun: boolean
  cited: number[]
  backings: Backing[]
  markers: number
  /** true once a full stop, a line break or a marker says that the next word may begin another statement */
  closing: boolean
  /** space not yet written: a footnote may have to stand before it, or none behind it */
  space: string
  /** a marker has just gone for want of words that back it, or the sentence before was withheld */
  lost: boolean
}

// Nobody reads further ones, and each costs a look at the whole sentence.
const MARKERS_PER_STATEMENT = 16

/**
 * Reads character by character, so that the same text gives the same statements however it was cut. A statement is
 * closed by the first word after its end: only then is it known that no further marker belongs to it.
 */
export function createStatementWriter(
  draft: Draft,
  passages: readonly Passage[],
  ground = createGrounds,
): StatementWriter {
  const writing: Writing = { draft, grounds: ground(passages), open: begin(draft.length()) }
  return {
    text: (delta) => write(writing, delta),
    markers: (numbers) => mark(writing, numbers),
    end: () => close(writing),
  }
}

type Writing = { readonly draft: Draft; readonly grounds: Grounds; open: Open }

// Its end is looked at with every character, which costs as much as it is long.
const MOST_UNSENT = 500

function* write(writing: Writing, delta: string): Iterable<AnswerEvent | Judged> {
  const { draft } = writing
  let unsent = ''
  for (const character of delta) {
    const another = beginsAnother(writing, character, unsent)
    if (unsent !== '' && (another || unsent.length >= MOST_UNSENT)) {
      yield draft.text(unsent)
      unsent = ''
    }
    if (another) yield* close(writing)
    // An answer begins with its first word.
    if (draft.length() + unsent.length === 0 && !/\S/.test(character)) continue
    unsent += released(writing, character, unsent)
    note(writing.open, character, draft.length() + unsent.length)
  }
  if (unsent !== '') yield draft.text(unsent)
}

function beginsAnother({ draft, open }: Writing, character: string, unsent: string): boolean {
  if (!open.closing) return false
  const next = whatBegins(character, open.space.at(-1) ?? unsent.at(-1) ?? draft.slice(-1), open)
  if (next === 'rest') open.closing = false
  if (next === 'statement' && open.lost && draft.length() > 0) open.space ||= ' '
  return next === 'statement'
}

/** What can be written now: a space waits for what stands behind it. */
function released({ draft, open }: Writing, character: string, unsent: string): string {
  const last = (characters: number) =>
    unsent.length < characters ? (draft.slice(-characters) + unsent).slice(-characters) : unsent.slice(-characters)
  if (open.lost && last(1) !== '') open.space = spaceAfterLost(open.space, character)
  open.lost = false
  const space = open.space === '' && mustStandApart(last, character) ? ' ' : open.space
  const isSpaceItself = /\s/.test(character)
  open.space = isSpaceItself ? space + character : ''
  return isSpaceItself ? '' : space + character
}

/** "Redis [3]." becomes "Redis."; words that something kept apart never come together otherwise. */
function spaceAfterLost(space: string, character: string): string {
  if (space.includes('\n')) return space
  return /[\s,.;:!?)]/.test(character) ? '' : space || ' '
}

function* mark(writing: Writing, numbers: readonly number[]): Iterable<AnswerEvent | Judged> {
  const { draft, grounds, open } = writing
  const before = draft.length()
  for (const number of numbers)
    if (open.markers++ < MARKERS_PER_STATEMENT) yield* cite(writing, grounds.lock(open.words, number))
  if (draft.length() > before) open.space = ''
  else open.lost = true
  open.closing = true
}

function* cite({ draft, open }: Writing, backings: readonly Backing[]): Iterable<AnswerEvent | Judged> {
  for (const backing of backings) {
    const { citation, isNew } = draft.cite(backing.passage, backing.span)
    const marker = `[${citation.n}]`
    if (!open.cited.includes(citation.n)) {
      open.cited.push(citation.n)
      open.backings.push(backing)
    } else if (draft.slice(-marker.length) === marker) continue
    if (isNew) yield { type: 'citation', citation }
    yield draft.text(`${/[\s\]]$/.test(draft.slice(-1)) ? '' : ' '}${marker}`)
  }
}

function* close(writing: Writing): Iterable<AnswerEvent | Judged> {
  const { draft, grounds, open } = writing
  let lost = false
  if (/[\p{L}\p{N}]/u.test(open.words)) {
    if (open.backings.length === 0) yield* cite(writing, grounds.find(open.words))
    const before = draft.length()
    yield judgedOf(writing)
    lost = draft.length() < before && open.space === ''
  }
  // Where the sentence was withheld there may be nothing for the space to stand behind.
  if (open.space !== '' && draft.length() > 0) yield draft.text(open.space)
  writing.open = { ...begin(draft.length()), lost }
}

function judgedOf({ draft, grounds, open }: Writing): Judged {
  const { start, end, words, backings, cited } = open
  const quotes = backings.map(quoteOf)
  // The full stop behind a marker is not part of the statement.
  const written = draft.slice(start).slice(0, end - start)
  const isQuote = quotes.length === 1 && quotes[0]?.replace(/\.$/, '') === written.replace(/\.$/, '')
  return {
    type: 'judged',
    place: { start, end },
    sentence: words.trim(),
    quotes,
    citations: cited,
    verdict: isQuote ? 'verbatim' : grounds.judge(words, backings).verdict,
  }
}

function begin(at: number): Open {
  return {
    start: at,
    end: at,
    words: '',
    tail: '',
    hasBegun: false,
    cited: [],
    backings: [],
    markers: 0,
    closing: false,
    space: '',
    lost: false,
  }
}

function quoteOf({ passage, span }: Backing): string {
  return passage.text.slice(span.start - passage.span.start, span.end - passage.span.start)
}

// Every character of a model's text is looked at with what stands before it. To look at the whole statement each time
// would take seconds over one that never ends.
const TAIL = 40

// A full stop of Latin scripts needs a space behind it, that of Chinese and Japanese none.
const endsSentence = /[.!?]["'”’)]*\s+$|[。！？]["'”’)」』）]*\s*$/
const numbersEntry = /^\s*\d{1,2}\.\s$/

const latinLetter = /[a-z]/i

function note(open: Open, character: string, length: number): void {
  if (!open.hasBegun && /\S/.test(character)) open.start = length - character.length
  open.hasBegun ||= /\S/.test(character)
  open.words += character
  if (!(isSpace(character) && isSpace(open.tail.slice(-1)))) open.tail = (open.tail + character).slice(-TAIL)
  if (/\S/.test(character) && !(open.cited.length > 0 && /[.!?。！？]/.test(character))) open.end = length
  // No sentence ends in a letter: of most characters no more is asked.
  if (latinLetter.test(character)) return
  if (character === '\n' || endsHere(open)) open.closing = true
  else if (/[,;:]/.test(character)) open.closing = false
}

function endsHere({ tail }: Open): boolean {
  return endsSentence.test(tail) && !endsInAbbreviation.test(tail) && !(tail.length < TAIL && numbersEntry.test(tail))
}

function isSpace(character: string): boolean {
  return character !== '\n' && /\s/.test(character)
}

/**
 * Stops, space and quotation marks that close still belong to the end of a statement. After a marker alone ("… Redis
 * [1] and …") only a capital or a figure begins another one; anything else is the rest of this one.
 */
function whatBegins(character: string, before: string, { tail }: Open): 'nothing' | 'rest' | 'statement' {
  if (/[\s.!?,;:)\]”’。！？」』）]/.test(character)) return 'nothing'
  if (/["']/.test(character) && !/\s/.test(before)) return 'nothing'
  const isEnded = /\n\s*$/.test(tail) || endsSentence.test(tail)
  return isEnded || /[\p{Lu}\p{N}]/u.test(character) ? 'statement' : 'rest'
}
