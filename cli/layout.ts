// Text on a terminal: cleaned of what would steer it, broken between words at its width.

/** Where the words go: a terminal has a width to break at; a file or a pipe has none and gets every line whole. */
export function widthOf(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  // Lines longer than about 100 characters are hard to read, however wide the window is.
  return stream.isTTY ? Math.max(20, Math.min(stream.columns ?? 80, 100)) : Number.POSITIVE_INFINITY
}

// C0 but line feed and tab, DEL, C1, and the marks that turn the direction of writing: documents and models are
// strangers, and none of these may reach a terminal as anything but nothing.
// eslint-disable-next-line no-control-regex -- these are the characters to remove
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

export function clean(text: string): string {
  return text.replaceAll(steering, '')
}

/** One paragraph, its lines after the first led by `indent`; a line holds at most `width` characters if words allow. */
export function wrap(text: string, width: number, indent = ''): string {
  const writer = createWrapper(width - indent.length)
  const lines = `${writer.push(clean(text).replaceAll(/\s+/g, ' ').trim())}${writer.end()}`
  return lines.replaceAll('\n', `\n${indent}`)
}

export type Wrapper = {
  /** What can be shown already: the word under way waits for its end. */
  readonly push: (delta: string) => string
  /** A word behind what was pushed, before the space that follows it. */
  readonly mark: (word: string) => string
  readonly end: () => string
}

/** Breaks a stream of text into lines: however the text was cut into deltas, the lines are the same. */
export function createWrapper(width: number, style: (word: string) => string = (word) => word): Wrapper {
  let column = 0
  let hanging = 0
  let space = ''
  let word = ''
  const endWord = () => {
    if (word === '') return ''
    const isBroken = column > hanging && column + space.length + word.length > width
    const lead = isBroken ? `\n${' '.repeat(hanging)}` : space
    const isMark = column === 0 && /^(?:[-•*]|\d{1,2}[.)])$/.test(word)
    column = (isBroken ? hanging : column + space.length) + word.length
    // The lines of a list entry stand under its words, not under its mark.
    if (isMark) hanging = column + 1
    const shown = lead + style(word)
    space = ''
    word = ''
    return shown
  }
  const step = (character: string) => {
    if (!/\s/.test(character)) {
      word += character
      return ''
    }
    const shown = endWord()
    if (character !== '\n') {
      space += ' '
      return shown
    }
    column = 0
    hanging = 0
    space = ''
    return `${shown}\n`
  }
  return {
    push: (delta) => Array.from(clean(delta), step).join(''),
    mark: (text) => {
      const shown = endWord()
      const pending = space
      space = ' '
      word = text
      const marked = endWord()
      space = pending
      return shown + marked
    },
    end: endWord,
  }
}

/** In the local time of whoever reads it: "2026-11-21 17:48". */
export function minute(at: string): string {
  return new Date(at).toLocaleString('sv').slice(0, 16)
}
