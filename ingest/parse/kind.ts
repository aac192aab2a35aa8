// Which parser reads a source, told by the ending of its name. What the bytes say counts for more: sniff.ts.

/** Written as text, in one of the encodings that decode.ts knows. */
const textKinds = ['markdown', 'text', 'html', 'table', 'notebook'] as const
export type TextKind = (typeof textKinds)[number]

/** Packed in a format of its own. */
type PackedKind = 'pdf' | 'docx' | 'pptx' | 'xlsx' | 'epub' | 'mail' | 'mailbox'

export type Kind = TextKind | PackedKind

const kinds = new Map<string, Kind>([
  ['.md', 'markdown'],
  ['.markdown', 'markdown'],
  ['.mdx', 'markdown'],
  ['.txt', 'text'],
  ['.text', 'text'],
  ['.html', 'html'],
  ['.htm', 'html'],
  ['.xhtml', 'html'],
  ['.csv', 'table'],
  ['.tsv', 'table'],
  ['.ipynb', 'notebook'],
  ['.pdf', 'pdf'],
  ['.docx', 'docx'],
  ['.docm', 'docx'],
  ['.pptx', 'pptx'],
  ['.pptm', 'pptx'],
  ['.xlsx', 'xlsx'],
  ['.xlsm', 'xlsx'],
  ['.epub', 'epub'],
  ['.eml', 'mail'],
  ['.mbox', 'mailbox'],
])

export const knownEndings: readonly string[] = [...kinds.keys()]

export function kindOf(source: string): Kind | null {
  return kinds.get(endingOf(source)) ?? null
}

export function isTextKind(kind: Kind): kind is TextKind {
  return textKinds.some((each) => each === kind)
}

/** `.md` of `notes/a.MD`; empty when the name has none. A name that starts with a dot has no ending by that. */
export function endingOf(source: string): string {
  return /[^\\/](\.[^.\\/]+)$/.exec(source)?.[1]?.toLowerCase() ?? ''
}
