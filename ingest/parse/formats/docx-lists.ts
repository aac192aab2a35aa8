// The markers of Word's lists, counted as Word counts them: each list by level, deeper levels anew below each entry.
import { readEntry } from './xml.ts'
import type { Archive } from './zip.ts'

export type Numbering = {
  /** the marker of the next entry; null: this is no list */
  next(list: string, depth: number): string | null
}

type Level = { format: string; start: number }

export async function readNumbering(source: string, archive: Archive): Promise<Numbering> {
  const shapes = new Map<string, Level[]>()
  const shapeOfList = new Map<string, string>()
  let levels: Level[] = []
  let list = ''
  await readEntry(source, archive, 'word/numbering.xml', {
    open: ({ name, attributes }) => {
      const value = attributes['w:val'] ?? ''
      const level = levels.at(-1)
      if (name === 'abstractNum') shapes.set(attributes['w:abstractNumId'] ?? '', (levels = []))
      else if (name === 'lvl') levels.push({ format: 'decimal', start: 1 })
      else if (name === 'numFmt' && level) level.format = value
      else if (name === 'start' && level) level.start = Number(value) || 0
      else if (name === 'num') [list, levels] = [attributes['w:numId'] ?? '', []]
      else if (name === 'abstractNumId') shapeOfList.set(list, value)
    },
  })
  const counts = new Map<string, number[]>()
  return {
    next: (list, depth) => {
      const level = shapes.get(shapeOfList.get(list) ?? '')?.[depth]
      if (!level || level.format === 'none') return null
      if (level.format === 'bullet') return '-'
      const open = counts.get(list) ?? []
      const count = (open[depth] ?? level.start - 1) + 1
      counts.set(list, [...Array.from({ length: depth }, (_, above) => open[above] ?? 0), count])
      return `${/letter/i.test(level.format) ? letter(count) : count}.`
    },
  }
}

/** 1 → a, 27 → aa, as Word has it. */
function letter(count: number): string {
  return String.fromCharCode(97 + ((count - 1) % 26)).repeat(Math.min(9, 1 + Math.floor((count - 1) / 26)))
}
