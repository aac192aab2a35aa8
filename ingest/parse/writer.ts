// Collects the blocks of a marked-up source. Keeps the state that markdown and HTML share: which list is open, how deep.
import { type Block, proseBlocks, splitAtHardBreaks } from './blocks.ts'

/** `first` is the number an ordered list starts with, null for a bulleted one. */
export type BlockWriter = {
  heading(level: number, raw: string): void
  /** A paragraph, or the next paragraph of the open list entry. */
  prose(raw: string): void
  code(raw: string): void
  row(cells: readonly string[]): void
  append(blocks: readonly Block[]): void
  openList(first: number | null): void
  closeList(): void
  openEntry(): void
  readonly blocks: readonly Block[]
}

type List = { next: number | null; marker: string }

export function createWriter(): BlockWriter {
  const blocks: Block[] = []
  const lists: List[] = []
  return {
    blocks,
    heading: (level, raw) => void blocks.push({ type: 'heading', level, text: raw }),
    code: (raw) => void blocks.push({ type: 'code', text: raw }),
    row: (cells) => void blocks.push({ type: 'row', cells }),
    append: (more) => pushAll(blocks, more),
    prose(raw) {
      const list = lists.at(-1)
      if (list) pushAll(blocks, entries(raw, list, lists.length - 1))
      else pushAll(blocks, proseBlocks(raw))
    },
    openList: (first) => void lists.push({ next: first, marker: '' }),
    closeList: () => void lists.pop(),
    openEntry() {
      const list = lists.at(-1)
      if (list) list.marker = list.next === null ? '-' : `${list.next++}.`
    },
  }
}

/** The first paragraph takes the entry's marker, the others continue it. */
function entries(raw: string, list: List, depth: number): Block[] {
  return splitAtHardBreaks(raw)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const marker = list.marker
      list.marker = ''
      return { type: 'entry', depth, marker, text }
    })
}

// Not push(...more): a page of 100,000 blocks would overflow the stack.
function pushAll(blocks: Block[], more: readonly Block[]): void {
  for (const block of more) blocks.push(block)
}
