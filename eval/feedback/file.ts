// The file of cases that came from readers: one JSON object per line, begun by a machine and finished by a person.
import { readFile } from 'node:fs/promises'
import { basename, relative, resolve } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../core/errors.ts'
import { writeWhole } from '../record.ts'

const shape = z.object({
  id: z.string(),
  question: z.string(),
  /** the three that a person fills in; null: still to do */
  answerable: z.boolean().nullable(),
  sources: z.array(z.unknown()).nullable(),
  facts: z.array(z.unknown()).nullable(),
  /** the day on which it first came out right */
  green: z.string().nullable().default(null),
  /** what was cited or read when the answer was given */
  documents: z.array(z.object({ file: z.string(), revision: z.string() })).default([]),
})

/** What the check needs of a line; a line may hold more. `line` is the line as it stands in the file. */
export type Entry = z.infer<typeof shape> & { readonly line: string }

/** Throws InputError that names file and line: what nobody can read must not be counted as absent. */
export async function readEntries(path: string): Promise<Entry[]> {
  const lines = (await readOrNothing(path)).split('\n')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [{ ...shape.parse(JSON.parse(line)), line }]
    } catch (error) {
      const [issue] = error instanceof z.ZodError ? error.issues : []
      const fault = issue ? `${issue.path.join('.')}: ${issue.message}` : String(error)
      throw new InputError('bad-case', `${basename(path)}, line ${index + 1}: ${fault}`)
    }
  })
}

/** Behind what the file holds by now, of which not a character changes. */
export async function appendEntries(path: string, entries: readonly object[]): Promise<void> {
  const text = await readOrNothing(path)
  const begun = text === '' || text.endsWith('\n') ? text : `${text}\n`
  await writeWhole(path, begun + entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
}

/** Marks these lines. One that a person has changed meanwhile is not what was checked, and stays as it is. */
export async function markGreen(path: string, entries: readonly Entry[], day: string): Promise<void> {
  const turned = new Set(entries.map(({ line }) => line))
  if (turned.size === 0) return
  const lines = (await readOrNothing(path)).split('\n')
  const marked = lines.map((line) => (turned.has(line) ? JSON.stringify({ ...parsed(line), green: day }) : line))
  await writeWhole(path, marked.join('\n'))
}

function parsed(line: string): object {
  return JSON.parse(line) as object
}

/** A file that nobody has begun holds nothing; any other fault is told. */
async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw new InputError('unreadable', `${path} cannot be read (${error instanceof Error ? error.message : ''}).`)
  }
}

/** What a set calls the document of this source: its path below the library, and its own name when it lies elsewhere. */
export function fileOf(source: string, library: string): string {
  const below = relative(resolve(library), resolve(source)).replaceAll('\\', '/')
  return below.startsWith('../') || /^[a-z]+:/i.test(source) ? source : below
}
