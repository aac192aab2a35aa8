// The text of an answer told apart from its markers, for surfaces that show markers in a way of their own.
import { pageWords } from '../../core/pages.ts'
import type { AnswerEvent, Citation } from '../../core/types.ts'

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'marker'; readonly citation: Citation }

export type FootnoteReader = {
  /** What is certain after this event. */
  readonly push: (event: AnswerEvent) => Part[]
  /** What is left when no further event comes. */
  readonly end: () => Part[]
}

/**
 * `[n]` in the text of an answer is always a marker of ours: a model's other numbers in brackets got a space
 * (`inert.ts`), and a sentence is quoted without those of its own (`references.ts`). Its citation comes before it.
 */
export function createFootnoteReader(): FootnoteReader {
  const citations = new Map<number, Citation>()
  let held = ''
  return {
    push: (event) => {
      if (event.type === 'citation') citations.set(event.citation.n, event.citation)
      if (event.type !== 'text') return []
      const text = held + event.delta
      // Half a marker waits for the rest of it.
      held = /\[\d*$/.exec(text)?.[0] ?? ''
      return toParts(text.slice(0, text.length - held.length), citations)
    },
    end: () => toParts(held, citations),
  }
}

function toParts(text: string, citations: ReadonlyMap<number, Citation>): Part[] {
  return text
    .split(/(\[\d+\])/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      const citation = /^\[\d+\]$/.test(piece) ? citations.get(Number(piece.slice(1, -1))) : undefined
      return citation ? { type: 'marker', citation } : { type: 'text', text: piece }
    })
}

/** What a link to the cited words is called. */
export function titleOf(place: Pick<Citation, 'headings' | 'document' | 'page'>): string {
  return pathOf(place) + pageWords(place.page)
}

/** The same without the page. */
export function pathOf({ headings, document }: Pick<Citation, 'headings' | 'document'>): string {
  return headings.join(' › ') || document.title
}
