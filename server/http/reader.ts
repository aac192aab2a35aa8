// The reader page: one revision of a document as plain text, every block at its offset, so that a quote can be marked exactly.
import { Hono } from 'hono'
import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import { originalLink } from '../../core/link.ts'
import { pageAt } from '../../core/pages.ts'
import type { DocumentStore, DocumentText } from '../../core/ports.ts'
import type { Span } from '../../core/types.ts'
import { pageHeaders } from './pages.ts'
import { toBlocks } from './reader-blocks.ts'
import type { Block } from './reader-blocks.ts'

export type ReaderDeps = { readonly documents: DocumentStore; readonly library: string }

type Markup = ReturnType<typeof html>

export function readerRoutes(deps: ReaderDeps): Hono {
  const app = new Hono()
  app.get('/documents/:id', pageHeaders, async (c) => {
    const id = c.req.param('id')
    const revision = c.req.query('revision') || undefined
    const document = await deps.documents.find(deps.library, id, revision)
    if (document !== null) return send(c, 200, document.title, documentPage(document, askedSpan(c, document.text)))
    const current = revision === undefined ? null : await deps.documents.find(deps.library, id)
    return send(c, 404, 'Not in this library', missingPage(current))
  })
  return app
}

/** `?start=&end=` marks a span without any script; a span outside the text marks nothing. */
function askedSpan(c: Context, text: string): Span | null {
  const { start = '', end = '' } = c.req.query()
  if (!/^\d+$/.test(start) || !/^\d+$/.test(end)) return null
  const span = { start: Number(start), end: Number(end) }
  return span.start < span.end && span.end <= text.length ? span : null
}

function send(c: Context, status: 200 | 404, title: string, main: Markup) {
  c.header('cache-control', 'no-cache')
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} – Footnote</title>
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/page.css" />
          <script type="module" src="/reader.js"></script>
        </head>
        <body>
          <header class="top">
            <a class="wordmark" href="/">Footnote<sup>1</sup></a>
            <nav aria-label="Pages"><a href="/library">Library</a><a href="/">Ask a question</a></nav>
          </header>
          <main><div class="column">${main}</div></main>
        </body>
      </html>`,
    status,
  )
}

function documentPage(document: DocumentText, span: Span | null): Markup {
  const { id, title, source, publishedAt, authors, current, audience, removedAt, pages } = document
  // The usual address keeps its span to the browser, whose script turns this link to the page of the quote.
  const original = webAddress(originalLink(document, pageAt(pages, span?.start ?? 0)))
  return html`
    <h1 dir="auto">${title}</h1>
    <p class="facts">
      <span>${source}</span>
      ${authors.length === 0 ? '' : html`<span dir="auto">${authors.join(', ')}</span>`}
      ${audience.length === 0 ? '' : html`<span>For ${audience.join(', ')}</span>`}
      ${publishedAt === null ? '' : published(publishedAt)}
      ${original === null ? '' : html`<a href="${original}" rel="noopener noreferrer">Read the original</a>`}
    </p>
    ${removedAt === null ? '' : removedNotice(removedAt)} ${current || removedAt !== null ? '' : earlierNotice(id)}
    ${outlineOf(document)}
    <article class="text" data-text>${drawBlocks(document, span)}</article>
  `
}

/** The headings as links to their places; the title has been said. */
function outlineOf({ title, text, outline }: DocumentText): Markup | string {
  const headings = toBlocks(text, outline).filter(({ tag }) => tag.startsWith('h'))
  const entries = headings.flatMap(({ tag, start, end }) => {
    const words = text.slice(start, end)
    return words === title ? [] : [html`<li class="at-${tag}"><a href="#at-${start}" dir="auto">${words}</a></li>`]
  })
  if (entries.length < 2) return ''
  return html`<details class="outline">
    <summary>${entries.length} sections</summary>
    <ul>
      ${entries}
    </ul>
  </details>`
}

function missingPage(current: DocumentText | null): Markup {
  if (current === null)
    return html`
      <h1>Not in this library</h1>
      <p class="facts">There is no document at this address. It may have been removed, or the link is incomplete.</p>
    `
  return html`
    <h1>${current.title}</h1>
    <p class="facts">
      The revision that this link points at is not stored.
      <a href="${addressOf(current.id)}">Read the current revision</a>
    </p>
  `
}

function earlierNotice(id: string): Markup {
  return html`<p class="notice">
    This is an earlier revision, kept for the footnotes that point at it.
    <a href="${addressOf(id)}">Read the current revision</a>
  </p>`
}

function removedNotice(at: string): Markup {
  return html`<p class="notice">
    This document was removed on ${dated(new Date(at))}. Its text is kept for the footnotes that point at it.
  </p>`
}

function addressOf(id: string): string {
  return `/documents/${encodeURIComponent(id)}`
}

/** A document names its own address: only a web address becomes a link. */
function webAddress(url: string | null): string | null {
  return url !== null && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : null
}

function published(at: string): Markup {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return html`<span>${at}</span>`
  return dated(date)
}

function dated(date: Date): Markup {
  const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(date)
  return html`<time datetime="${date.toISOString().slice(0, 10)}">${words}</time>`
}

/** Blocks with the white space between them as it stands in the text: nothing is lost and nothing is added. */
function drawBlocks({ title, text, outline, pages }: DocumentText, span: Span | null): Markup[] {
  const blocks = toBlocks(text, outline)
  let page = 0
  return blocks.map((block, index) => {
    const first = page
    while ((pages[page] ?? block.end) < block.end) page++
    const marks = pages.slice(first, page).map((start, at) => ({ number: first + at + 1, start }))
    // Many texts begin with their own title, which the page has just said: it stays in the text, out of sight.
    const isTitle = index === 0 && block.tag !== 'p' && text.slice(block.start, block.end) === title
    const hidden = isTitle ? ' class="unseen"' : ''
    const isEntry = block.tag === 'li'
    const opening = isEntry && blocks[index - 1]?.tag !== 'li' ? raw('<ul>') : ''
    const closing = isEntry && blocks[index + 1]?.tag !== 'li' ? raw('</ul>') : ''
    const before = text.slice(blocks[index - 1]?.end ?? 0, block.start)
    // Only a name of Block and a number: nothing of the document's own goes in unescaped.
    const id = block.tag.startsWith('h') ? ` id="at-${block.start}"` : ''
    const [open, close] = [
      raw(`<${block.tag}${id} dir="auto" data-start="${block.start}"${hidden}>`),
      raw(`</${block.tag}>`),
    ]
    return html`${before}${opening}${open}${drawBlock(block, marks, text, span)}${close}${closing}`
  })
}

type PageMark = { readonly number: number; readonly start: number }

/** Where a page begins stands an element without words: the text stays that of the document (DPUB-ARIA). */
function drawBlock(block: Block, marks: readonly PageMark[], text: string, span: Span | null): Markup[] {
  const cuts = [...marks.map(({ start }) => Math.max(block.start, start)), block.end]
  return [
    drawWords({ start: block.start, end: cuts[0] ?? block.end }, text, span),
    ...marks.map(({ number }, at) => {
      const words = drawWords({ start: cuts[at] ?? block.end, end: cuts[at + 1] ?? block.end }, text, span)
      return html`<span class="page" id="page-${number}" role="doc-pagebreak" aria-label="Page ${number}"></span
        >${words}`
    }),
  ]
}

function drawWords(block: Span, text: string, span: Span | null): Markup {
  const start = Math.max(block.start, span?.start ?? block.end)
  const end = Math.min(block.end, span?.end ?? block.end)
  if (start >= end) return html`${text.slice(block.start, block.end)}`
  const words = text.slice(start, end)
  return html`${text.slice(block.start, start)}<mark>${words}</mark>${text.slice(end, block.end)}`
}
