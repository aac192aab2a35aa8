// Jupyter notebooks → blocks: prose as Markdown, code as code, and what it printed as text. Pictures are not text.
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'
import { SourceError } from '../../../core/errors.ts'
import type { Block, Draft } from '../blocks.ts'
import { parseMarkdown } from '../markdown.ts'
import { namesIn } from '../metadata.ts'

const lines = z.union([z.string(), z.array(z.string()).transform((parts) => parts.join(''))])
const output = z.object({
  text: lines.optional(),
  data: z.object({ 'text/plain': lines.optional() }).optional(),
  ename: z.string().optional(),
  evalue: z.string().optional(),
})
const cell = z.object({ cell_type: z.string(), source: lines, outputs: z.array(output).default([]) })
const notebook = z.object({
  cells: z.array(cell),
  metadata: z.object({ title: z.string().optional().catch(undefined), authors: z.unknown().optional() }).default({}),
})

export function parseNotebook(text: string, source: string): Draft {
  const { cells, metadata } = readNotebook(text, source)
  const blocks = cells.flatMap(cellBlocks)
  const first = blocks.find((block) => block.type === 'heading')
  const heading = first?.level === 1 ? first.text : null
  return { blocks, title: metadata.title ?? heading, url: null, publishedAt: null, authors: namesIn(metadata.authors) }
}

function readNotebook(text: string, source: string): z.output<typeof notebook> {
  const unreadable = (why: string, cause: unknown) =>
    new SourceError('unreadable', source, `${source} is no Jupyter notebook of format 4 (${why}): save it again`, {
      cause,
    })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw unreadable('it is not JSON', cause)
  }
  const read = notebook.safeParse(json)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  throw unreadable(`${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(), read.error)
}

function cellBlocks({ cell_type: type, source, outputs }: z.output<typeof cell>): readonly Block[] {
  if (type === 'markdown') return parseMarkdown(source).blocks
  if (type !== 'code') return [{ type: 'code', text: source }]
  return [{ type: 'code', text: source }, ...outputs.map((each): Block => ({ type: 'code', text: printed(each) }))]
}

// A log of a training run is no explanation; its beginning is enough to find it.
const MAX_OUTPUT = 5000

function printed({ text, data: forms, ename, evalue }: z.output<typeof output>): string {
  const shown = text ?? forms?.['text/plain'] ?? (ename === undefined ? '' : `${ename}: ${evalue ?? ''}`)
  const plain = stripVTControlCharacters(shown)
  return plain.length > MAX_OUTPUT ? `${plain.slice(0, MAX_OUTPUT)}…` : plain
}
