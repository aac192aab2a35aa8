// Which parser reads a source, told by the ending of its name.

export type Kind = 'markdown' | 'text' | 'html'

const kinds = new Map<string, Kind>([
  ['.md', 'markdown'],
  ['.markdown', 'markdown'],
  ['.mdx', 'markdown'],
  ['.txt', 'text'],
  ['.text', 'text'],
  ['.html', 'html'],
  ['.htm', 'html'],
])

export const knownEndings: readonly string[] = [...kinds.keys()]

export function kindOf(source: string): Kind | null {
  return kinds.get(endingOf(source)) ?? null
}

/** `.md` of `notes/a.MD`; empty when the name has none. A name that starts with a dot has no ending by that. */
export function endingOf(source: string): string {
  return /[^\\/](\.[^.\\/]+)$/.exec(source)?.[1]?.toLowerCase() ?? ''
}
