// Files of public sets: read by path, checked, and told where they come from when they are not there.
import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { z } from 'zod'
import { InputError } from '../../core/errors.ts'

/** `origin`: what to say of a file that is missing: where it can be had, and what to give. */
export async function readSet(path: string, origin: string): Promise<string> {
  return await orMissing(path, origin, async () => await readFile(path, 'utf8'))
}

export async function listSet(path: string, kind: 'files' | 'folders', origin: string): Promise<string[]> {
  const entries = await orMissing(path, origin, async () => await readdir(path, { withFileTypes: true }))
  return entries
    .filter((entry) => (kind === 'files' ? entry.isFile() : entry.isDirectory()))
    .map(({ name }) => name)
    .sort()
}

/** One JSON object per line. Throws InputError that names file and line. */
export async function readLines<T extends z.ZodType>(path: string, shape: T, origin: string): Promise<z.output<T>[]> {
  const lines = (await readSet(path, origin)).split('\n')
  return lines.flatMap((line, index) =>
    line.trim() === '' ? [] : [parseJson(line, shape, `${basename(path)}, line ${index + 1}`)],
  )
}

/** `place`: what the text is called when it is not what it should be. */
export function parseJson<T extends z.ZodType>(text: string, shape: T, place: string): z.output<T> {
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    throw new InputError('bad-set', `${place} is not as expected: ${error instanceof Error ? error.message : ''}`)
  }
}

async function orMissing<T>(path: string, origin: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const fault = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new InputError('unreadable', `${path} cannot be read (${fault}). ${origin}`)
  }
}
