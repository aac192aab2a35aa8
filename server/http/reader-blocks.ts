// Plain text and its outline as blocks in order: every character outside a block is white space.
import type { Heading, Span } from '../../core/types.ts'

export type Block = Span & { readonly tag: 'h2' | 'h3' | 'h4' | 'p' | 'li' }

const entry = /^[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t]/

export function toBlocks(text: string, outline: readonly Heading[]): Block[] {
  const blocks: Block[] = []
  let done = 0
  const top = outline.reduce((least, { level }) => Math.min(least, level), Infinity)
  for (const { level, span } of outline.toSorted((a, b) => a.span.start - b.span.start)) {
    // An outline that overlaps itself would repeat characters; its later part stays ordinary text.
    if (span.start < done || span.end > text.length || span.start >= span.end) continue
    // One by one: a call takes no more arguments than fit on the stack.
    for (const block of proseBlocks(text, done, span.start)) blocks.push(block)
    blocks.push({ tag: headingTag(level - top), ...span })
    done = span.end
  }
  return [...blocks, ...proseBlocks(text, done, text.length)]
}

/** The page's own h1 is the title, so the outline begins at h2; deeper than h4 nothing looks different any more. */
function headingTag(depth: number): Block['tag'] {
  return depth === 0 ? 'h2' : depth === 1 ? 'h3' : 'h4'
}

/** Paragraphs end at an empty line; a line with a list's marker is a block of its own. */
function proseBlocks(text: string, from: number, to: number): Block[] {
  const blocks: Block[] = []
  let isOpen = false
  let start = from
  for (const line of text.slice(from, to).split('\n')) {
    const end = start + line.replace(/[ \t\r\f]+$/, '').length
    const last = blocks.at(-1)
    const isEntry = entry.test(line)
    if (end === start) isOpen = false
    else if (isOpen && !isEntry && last) blocks[blocks.length - 1] = { ...last, end }
    else {
      blocks.push({ tag: isEntry ? 'li' : 'p', start, end })
      isOpen = true
    }
    start += line.length + 1
  }
  return blocks
}
