// A set of questions: one JSON object per line, with the lines of the source files and the facts a right answer needs.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import { distance } from '../server/answer/spelling.ts'

const words = z.string().regex(/\S/, 'is empty')

const shape = z.object({
  id: z.string(),
  kind: z.string(),
  question: words,
  answerable: z.boolean(),
  /** places that hold the answer: 1-based lines of a file of the library, both ends included */
  sources: z.array(z.object({ file: z.string(), lines: z.tuple([z.int().min(1), z.int()]) })),
  /** any one of the places is enough, as where a text stands twice; otherwise all are asked for */
  either: z.boolean().optional(),
  /** each fact is a list of acceptable strings */
  facts: z.array(z.array(words).min(1, 'has no wording')),
  history: z.array(z.object({ question: z.string(), answer: z.string() })).default([]),
  /** whole answers that a person would give, for measures that compare texts */
  references: z.array(z.string()).optional(),
  /** what a person would search for instead of a question that leans on its history; the question itself if it does not */
  rewrite: z.string().optional(),
})

// A line may say more, to whoever reads it and to the other commands. What is nearly one of these names is a slip of
// the pen, by which a question would count as another.
const SLIPS = 2
const names = Object.keys(shape.shape)

/** `written`: the lines as the file has them. `gold`: their words, in the form that `normalise` gives. */
type ListedPlace = {
  readonly file: string
  readonly lines: readonly [number, number]
  readonly written: readonly string[]
  /** how far into its file it begins, 0 to 1 */
  readonly share: number
  readonly gold: readonly string[]
}

/** `gold`: the words of all listed places. */
export type Case = z.infer<typeof shape> & { readonly gold: readonly string[]; readonly places: readonly ListedPlace[] }

/**
 * Reads the set, or only its wanted lines, and the listed places from the library's files. Throws InputError that
 * names file and line.
 */
export async function readCases(
  setPath: string,
  libraryDir: string,
  isWanted: (line: string) => boolean = () => true,
): Promise<Case[]> {
  const lines = (await readText(setPath)).split('\n')
  if (lines.every((line) => line.trim() === '')) throw new InputError('bad-case', `${setPath} holds no question.`)
  const files = new Map<string, readonly string[]>()
  const cases: Case[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || !isWanted(line)) continue
    try {
      const test = parse(line)
      if (cases.some(({ id }) => id === test.id)) throw new Error(`the id ${test.id} is there twice`)
      const places = await readPlaces(test, libraryDir, files)
      cases.push({ ...test, places, gold: places.flatMap(({ gold }) => gold) })
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      throw new InputError('bad-case', `${basename(setPath)}, line ${index + 1}: ${fault}`)
    }
  }
  return cases
}

function parse(line: string): z.infer<typeof shape> {
  const read: unknown = JSON.parse(line)
  const parsed = shape.safeParse(read)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error([issue?.path.join('.'), issue?.message].filter(Boolean).join(': '))
  }
  for (const written of Object.keys(read as object).filter((key) => !names.includes(key))) {
    const meant = names.find((name) => name.length > 2 * SLIPS && distance(written, name, SLIPS) <= SLIPS)
    if (meant !== undefined) throw new Error(`${written} is no field of a question: is ${meant} meant?`)
  }
  return parsed.data
}

/** Places without a line of three words are left out: no text could be known to hold them. */
async function readPlaces(
  { sources }: z.infer<typeof shape>,
  libraryDir: string,
  files: Map<string, readonly string[]>,
): Promise<ListedPlace[]> {
  const places: ListedPlace[] = []
  for (const { file, lines } of sources) {
    const source = files.get(file) ?? (await readText(join(libraryDir, file))).split('\n')
    files.set(file, source)
    const [from, to] = lines
    // A place that is not there would count every answer as wrong.
    if (from > to || to > source.length) throw new Error(`${file} has no lines ${from} to ${to}`)
    const written = source.slice(from - 1, to)
    const gold = written.map(normalise).filter((text) => text.split(' ').length >= 3)
    if (gold.length === 0) continue
    places.push({ file, lines, written, share: (from - 1) / source.length, gold })
  }
  return places
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

/** Throws InputError that names the file. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new InputError('unreadable', `${path} cannot be read (${error instanceof Error ? error.message : ''}).`)
  }
}
