// A set of questions: one JSON object per line, with the lines of the source files and the facts a right answer needs.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'

const shape = z.object({
  id: z.string(),
  kind: z.string(),
  question: z.string(),
  answerable: z.boolean(),
  /** places that hold the answer: 1-based lines of a file of the library, both ends included */
  sources: z.array(z.object({ file: z.string(), lines: z.tuple([z.int().min(1), z.int()]) })),
  /** each fact is a list of acceptable strings */
  facts: z.array(z.array(z.string())),
  history: z.array(z.object({ question: z.string(), answer: z.string() })).default([]),
})

/** `gold`: the words of each listed place, in the form that `normalise` gives. */
export type Case = z.infer<typeof shape> & { readonly gold: readonly string[] }

/** Reads the set, and the listed places from the library's files. Throws InputError that names file and line. */
export async function readCases(setPath: string, libraryDir: string): Promise<Case[]> {
  const lines = (await read(setPath)).split('\n')
  const files = new Map<string, readonly string[]>()
  const cases: Case[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    try {
      const test = parse(line)
      cases.push({ ...test, gold: await readGold(test, libraryDir, files) })
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      throw new InputError('bad-case', `${basename(setPath)}, line ${index + 1}: ${fault}`)
    }
  }
  return cases
}

function parse(line: string): z.infer<typeof shape> {
  const parsed = shape.safeParse(JSON.parse(line))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`)
}

async function readGold(
  { sources }: z.infer<typeof shape>,
  libraryDir: string,
  files: Map<string, readonly string[]>,
): Promise<string[]> {
  const gold: string[] = []
  for (const { file, lines } of sources) {
    const source = files.get(file) ?? (await read(join(libraryDir, file))).split('\n')
    files.set(file, source)
    const [from, to] = lines
    // A place that is not there would count every answer as wrong.
    if (from > to || to > source.length) throw new Error(`${file} has no lines ${from} to ${to}`)
    const listed = source.slice(from - 1, to).map(normalise)
    gold.push(...listed.filter((text) => text.split(' ').length >= 3))
  }
  return gold
}

/** Words only, lower case, without markup: the common form of a line of markdown and of the text parsed from it. */
export function normalise(text: string): string {
  return text
    .replace(/\]\([^)]*\)/g, ' ')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/<[^>]+>/g, ' ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new InputError('unreadable', `${path} cannot be read (${error instanceof Error ? error.message : ''}).`)
  }
}
