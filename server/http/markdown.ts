// An answer as Markdown: each marker is a link to the words it stands for, and a refusal names the nearest passages.
import { readerLink } from '../../core/link.ts'
import { notesOf, refusalOf } from '../../core/refusal.ts'
import type { Answer, AnswerEvent } from '../../core/types.ts'
import { createFootnoteReader, type Part, titleOf } from '../answer/footnoted.ts'

type Annotation = {
  readonly type: 'url_citation'
  /** `[start_index, end_index)` of the content, in UTF-16 code units: its marker */
  readonly url_citation: {
    readonly start_index: number
    readonly end_index: number
    readonly title: string
    readonly url: string
  }
}

export type MarkdownWriter = {
  readonly push: (event: AnswerEvent) => string
  readonly end: (answer: Answer) => string
  readonly annotations: () => Annotation[]
}

/** Written while the answer comes; its links begin with `origin`. */
export function createMarkdownWriter(origin: string): MarkdownWriter {
  const reader = createFootnoteReader()
  const annotations: Annotation[] = []
  let length = 0
  const take = (text: string) => {
    length += text.length
    return text
  }
  const write = (parts: readonly Part[]) =>
    parts
      .map((part) => {
        if (part.type === 'text') return take(part.text)
        const { citation } = part
        const url = origin + citation.link
        const marker = `[[${citation.n}]](${url})`
        const place = { start_index: length, end_index: length + marker.length }
        annotations.push({ type: 'url_citation', url_citation: { ...place, title: titleOf(citation), url } })
        return take(marker)
      })
      .join('')
  return {
    push: (event) => write(reader.push(event)),
    end: (answer) => write(reader.end()) + take(closing(answer, origin, length)),
    annotations: () => annotations,
  }
}

/** What a reader must know of an answer that is not the one that was asked for. */
function closing(answer: Answer, origin: string, length: number): string {
  if (answer.status !== 'abstained')
    return notesOf(answer)
      .map((note) => `\n\n*${escaped(note)}*`)
      .join('')
  const nearest = answer.nearest.map((passage) => `- [${escaped(titleOf(passage))}](${origin}${readerLink(passage)})`)
  const heading = nearest.length === 0 ? [] : ['', 'Nearest passages:', '', ...nearest]
  return `${length > 0 ? '\n\n' : ''}${[escaped(refusalOf(answer)), ...heading].join('\n')}`
}

/** The whole answer, and below it each footnote with its quote: for readers who cannot open the links. */
export function toMarkdown(answer: Answer, origin: string): string {
  const writer = createMarkdownWriter(origin)
  for (const citation of answer.citations) writer.push({ type: 'citation', citation })
  const text = writer.push({ type: 'text', delta: answer.answer }) + writer.end(answer)
  const notes = answer.citations.map(
    (citation) =>
      `- \\[${citation.n}\\] [${escaped(titleOf(citation))}](${origin}${citation.link}): “${escaped(citation.quote)}”`,
  )
  return notes.length === 0 ? text : `${text}\n\nFootnotes:\n\n${notes.join('\n')}`
}

/** Titles and questions are words, not Markdown. */
function escaped(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>!]/g, String.raw`\$&`)
}
