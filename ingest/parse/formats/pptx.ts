// Slides (ECMA-376, part 1, § 19) → blocks: each slide a section under its title, in the order of the show, with its
// tables and the speaker's notes. Slides that are left out of the show are left out here; pages count them all the same,
// as the program does.
import { type Block, type Draft, pageMark } from '../blocks.ts'
import { toIsoDate } from '../metadata.ts'
import { officeFacts, readEntry, relations, type Tag, type XmlReader } from './xml.ts'
import type { Archive } from './zip.ts'

export async function parsePptx(source: string, archive: Archive): Promise<Draft> {
  const blocks: Block[] = []
  for (const [index, slide] of (await slidesOf(source, archive)).entries()) {
    const { title, body, hidden } = await readSlide(source, archive, slide)
    const notes = hidden ? [] : await readNotes(source, archive, slide)
    if (hidden || (title === '' && body.length === 0 && notes.length === 0)) {
      blocks.push({ type: 'paragraph', text: pageMark })
      continue
    }
    const name = title === '' ? `Slide ${index + 1}` : title
    blocks.push({ type: 'heading', level: 2, text: pageMark + name }, ...body, ...notes)
  }
  const { title, date, authors } = await officeFacts(source, archive)
  const first = blocks.find((block) => block.type === 'heading')?.text ?? null
  // What PowerPoint writes when nobody has chosen a title.
  const chosen = title === 'PowerPoint Presentation' ? null : title
  return { blocks, title: chosen ?? first, url: null, publishedAt: toIsoDate(date), authors }
}

async function slidesOf(source: string, archive: Archive): Promise<string[]> {
  const part = 'ppt/presentation.xml'
  const targets = await relations(source, archive, part)
  const slides: string[] = []
  await readEntry(source, archive, part, {
    open: ({ name, attributes }) => {
      const target = name === 'sldId' ? targets.get(attributes['r:id'] ?? '')?.target : undefined
      if (target !== undefined) slides.push(target)
    },
  })
  return slides
}

type Slide = { title: string; body: Block[]; hidden: boolean }

async function readSlide(source: string, archive: Archive, entry: string): Promise<Slide> {
  const slide: Slide = { title: '', body: [], hidden: false }
  const reader = slideReader(slide)
  await readEntry(source, archive, entry, {
    ...reader,
    open: (tag) => {
      if (tag.name === 'sld') slide.hidden = tag.attributes['show'] === '0'
      reader.open?.(tag)
    },
  })
  return slide
}

async function readNotes(source: string, archive: Archive, slide: string): Promise<Block[]> {
  const targets = await relations(source, archive, slide)
  const entry = [...targets.values()].find(({ type }) => type === 'notesSlide')?.target
  if (entry === undefined) return []
  const notes: Slide = { title: '', body: [], hidden: false }
  await readEntry(source, archive, entry, slideReader(notes))
  const lines = notes.body.flatMap((block) => ('text' in block && block.text.trim() !== '' ? [block.text.trim()] : []))
  return lines.map((text, i) => ({ type: 'paragraph', text: i === 0 ? `Notes: ${text}` : text }))
}

/** Placeholders that repeat on every slide. */
const furniture = new Set(['sldNum', 'ftr', 'hdr', 'dt', 'sldImg'])

type Shape = { placeholder: string | null; hidden: boolean }

function slideReader(slide: Slide): XmlReader {
  let shape: Shape = { placeholder: null, hidden: false }
  let depth = 0
  let text = ''
  let inText = false
  let row: string[] | null = null
  let cell: string[] = []
  const closeParagraph = () => {
    if (row !== null) cell.push(text)
    else addParagraph(slide, shape, depth, text)
  }
  return {
    open: ({ name, attributes }: Tag) => {
      inText = name === 't'
      if (name === 'sp' || name === 'graphicFrame') shape = { placeholder: null, hidden: false }
      else if (name === 'cNvPr') shape.hidden = attributes['hidden'] === '1'
      else if (name === 'ph') shape.placeholder = attributes['type'] ?? 'body'
      else if (name === 'p') [text, depth] = ['', 0]
      else if (name === 'pPr') depth = Number(attributes['lvl'] ?? 0) || 0
      else if (name === 'br') text += ' '
      else if (name === 'tr') row = []
      else if (name === 'tc') cell = []
    },
    close: (name) => {
      inText = false
      if (name === 'p') closeParagraph()
      else if (name === 'tc') row?.push(cell.join(' '))
      else if (name === 'tr' && row !== null) {
        if (!shape.hidden) slide.body.push({ type: 'row', cells: row })
        row = null
      }
    },
    text: (more) => {
      if (inText) text += more
    },
  }
}

function addParagraph(slide: Slide, { placeholder, hidden }: Shape, depth: number, text: string): void {
  if (hidden || text.trim() === '' || furniture.has(placeholder ?? '')) return
  if (placeholder === 'title' || placeholder === 'ctrTitle') slide.title = `${slide.title} ${text}`.trim()
  else if (placeholder === null || placeholder === 'subTitle') slide.body.push({ type: 'paragraph', text })
  else slide.body.push({ type: 'entry', depth, marker: '-', text })
}
