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

/** What is known of a document besides its name: a name with an ending of its own, and the type that it was served as. */
export type About = { readonly fileName?: string; readonly mediaType?: string | null }

const mediaTypes = new Map<string, Kind>([
  ['text/markdown', 'markdown'],
  ['text/x-markdown', 'markdown'],
  ['text/plain', 'text'],
  ['text/html', 'html'],
  ['application/xhtml+xml', 'html'],
  ['text/csv', 'table'],
  ['text/tab-separated-values', 'table'],
  ['application/x-ipynb+json', 'notebook'],
  ['application/pdf', 'pdf'],
  ['application/epub+zip', 'epub'],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx'],
  ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx'],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx'],
])

/** An ending says more than a type: servers send Markdown as text/plain, and anything they do not know as well. */
export function kindBy(source: string, { fileName = '', mediaType }: About): Kind | null {
  const type = (mediaType ?? '').split(';')[0]?.trim() ?? ''
  // Of other texts the words are read as they stand: text/x-rst, text/x-log.
  const isText = /^text\/(?!xml$)/.test(type)
  return kindOf(fileName) ?? kindOf(source) ?? mediaTypes.get(type) ?? (isText ? 'text' : null)
}

/** The ending of a document that was served as this type; empty: it is of none that can be read. */
export function endingFor(mediaType: string | null): string {
  const kind = kindBy('', { mediaType })
  return kind === null ? '' : ([...kinds].find(([, each]) => each === kind)?.[0] ?? '')
}

export function isTextKind(kind: Kind): kind is TextKind {
  return textKinds.some((each) => each === kind)
}

/** `.md` of `notes/a.MD`; empty when the name has none. A name that starts with a dot has no ending by that. */
export function endingOf(source: string): string {
  return /[^\\/](\.[^.\\/]+)$/.exec(source)?.[1]?.toLowerCase() ?? ''
}
