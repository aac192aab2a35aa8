// A page break cuts a paragraph in two. Both halves show it: the first ends within a sentence, the second begins with
// a small letter.
import { type Block, boldClose, pageMark } from './blocks.ts'

/** Shorter text without a full stop is a label, a caption or a line that announces what follows. */
const MIN_WORDS = 6

export function rejoin(blocks: readonly Block[]): readonly Block[] {
  const joined: Block[] = []
  // Joined once at the end: looking at a growing string again and again costs its whole length.
  let parts: string[] = []
  const close = () => {
    if (parts.length > 0) joined.push({ type: 'paragraph', text: parts.join(' ') })
    parts = []
  }
  for (const block of blocks) {
    const last = parts.at(-1)
    const continues = last !== undefined && block.type === 'paragraph' && isCut(last, block.text, parts.length)
    if (!continues) close()
    if (block.type === 'paragraph') parts.push(block.text)
    else joined.push(block)
  }
  close()
  return joined
}

// Not a colon: it announces something. Not a bracket: formulas and remarks end so.
const open = new RegExp(`[\\p{L}\\p{N},]${boldClose}?$`, 'u')
// A word and another one: a path, a name of a variable or `tl;dr:` begins something new.
const small = new RegExp(`^${pageMark}*\\p{Ll}[\\p{L}'’-]*,? [\\p{L}\\p{N}"'“‘([]`, 'u')

// Prose has a stop or a comma somewhere; a formula, a command or a name has not.
const stop = /[.,;:!?…]["'”’)\]]*(?:\s|$)/

function isCut(before: string, after: string, parts: number): boolean {
  return (
    small.test(after.slice(0, 60).trimStart()) &&
    open.test(before.slice(-60).trimEnd()) &&
    (parts > 1 || before.trim().split(/\s+/, MIN_WORDS).length === MIN_WORDS) &&
    stop.test(after)
  )
}
