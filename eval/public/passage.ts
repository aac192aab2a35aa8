// One question, one library: what the real search, the real evidence and the real extraction make of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Citation } from '../../core/types.ts'
import { type AnswerDeps, newAnswerId } from '../../server/answer/answer.ts'
import { newDraft } from '../../server/answer/draft.ts'
import { weigh } from '../../server/answer/evidence.ts'
import { extract } from '../../server/answer/extract.ts'
import { search } from '../../server/answer/search.ts'
import type { Learn } from '../command.ts'

export type Document = { readonly title: string; readonly text: string }

/** Learns these documents as a library, the n-th (from 0) from a source called n.html. As HTML, the one format in which no character of a text is markup. */
export async function learnDocuments(
  library: string,
  documents: readonly Document[],
  learn: Learn,
  how: Parameters<Learn>[2] = { quiet: true },
): Promise<AnswerDeps> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-set-'))
  try {
    for (const [index, document] of documents.entries())
      await writeFile(join(folder, `${index}.html`), toHtml(document))
    return await learn(library, [folder], how)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function toHtml({ title, text }: Document): string {
  const paragraphs = text.split(/\n+/).map((paragraph) => `<p>${escape(paragraph)}</p>`)
  return `<!doctype html><html><head><meta charset="utf-8"><title>${escape(title)}</title></head><body>${paragraphs.join('\n')}</body></html>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

export type Probe = {
  readonly confidence: number
  readonly refused: boolean
  /** what extraction quotes, refused or not, in the order of the answer */
  readonly citations: readonly Citation[]
}

/** The words of an answer, without its footnotes. */
export function quotesOf(citations: readonly Citation[]): string {
  return citations.map(({ quote }) => quote).join(' ')
}

/** The steps of `answer()` one by one, because it shows neither the confidence nor what it would have said. */
export async function probe(text: string, library: string, deps: AnswerDeps, signal: AbortSignal): Promise<Probe> {
  const { found, passages, pages } = await search(text, library, deps, signal)
  const evidence = weigh(found, passages)
  const id = newAnswerId()
  const draft = newDraft({ id, text, library, conversationId: id, history: [], mode: 'extractive' }, 'extractive', deps)
  draft.retrieved(text, passages, { pages })
  await Array.fromAsync(extract(draft, found, passages, deps, signal))
  const { citations } = draft.finish('answered')
  return { confidence: evidence.confidence, refused: evidence.type === 'too-weak', citations }
}
