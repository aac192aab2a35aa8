// Answers kept by what they were made of, so that a run that was cut goes on where it was, and an unchanged one is instant.
import { createHash } from 'node:crypto'
import { glob, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { InputError } from '../core/errors.ts'
import { outcomeShape, timesShape, writeWhole } from './record.ts'

const kept = z.object({ outcome: outcomeShape, timesMs: timesShape })
export type Kept = z.infer<typeof kept>

export type Files<T> = {
  readonly find: (key: string) => Promise<T | null>
  readonly keep: (key: string, made: T) => Promise<void>
}
export type Cache = Files<Kept>

export function openCache(folder: string): Cache {
  return openFiles(folder, kept)
}

/** One file for each key below this folder, which may be deleted at any time. */
export function openFiles<T>(folder: string, shape: z.ZodType<T>): Files<T> {
  const pathOf = (key: string) => join(folder, key.slice(0, 2), `${key.slice(2)}.json`)
  return {
    find: async (key) => {
      // A file that is not there, or is of an older form, is still to be made.
      const text = await readFile(pathOf(key), 'utf8').catch(() => null)
      return text === null ? null : (shape.safeParse(parse(text)).data ?? null)
    },
    keep: async (key, made) => await writeWhole(pathOf(key), JSON.stringify(made)),
  }
}

/** Asks anew; with a cache behind it, what comes is kept there. */
export function freshCache(behind?: Cache): Cache {
  return { find: async () => await Promise.resolve(null), keep: async (...kept) => await behind?.keep(...kept) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * Everything that can change an answer without a key, or what is kept of one. The lock file stands for the stemmer
 * and the database.
 */
const PRODUCT = [
  '{core,ingest,models,prompts,server,store}/**/*',
  'eval/{asking,command,outcome,pipeline,questions,record,run}.ts',
  'eval/public/place.ts',
  'package-lock.json',
]

/** One hash over the code that answers, and over what it is packed with. */
export async function hashProduct(root: string): Promise<string> {
  const paths: string[] = []
  for await (const entry of glob(PRODUCT, { cwd: root, withFileTypes: true }))
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name))
  return await hashFiles(root, paths)
}

/** One hash over the names and bytes of the files of a folder, links included. Throws InputError when there is none. */
export async function hashFolder(folder: string): Promise<string> {
  const paths = await filesBelow(folder, new Set()).catch((error: unknown) => {
    throw new InputError('unreadable', `${folder} cannot be read (${error instanceof Error ? error.message : ''}).`)
  })
  if (paths.length === 0) throw new InputError('nothing-learned', `${folder} holds no document to learn.`)
  return await hashFiles(folder, paths)
}

/** Links are followed as they are when it is learned, each folder once; what is private to tools is left out. */
async function filesBelow(folder: string, seen: Set<string>): Promise<string[]> {
  const real = await realpath(folder)
  if (seen.has(real)) return []
  seen.add(real)
  const paths: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.') || name === 'node_modules') continue
    const path = join(folder, name)
    // A link to nothing is no file.
    const found = await stat(path).catch(() => null)
    if (found?.isDirectory()) paths.push(...(await filesBelow(path, seen)))
    else if (found?.isFile()) paths.push(path)
  }
  return paths
}

/** However the folder was written. */
async function hashFiles(folder: string, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  const named = paths.map((path) => [relative(resolve(folder), resolve(path)).replaceAll('\\', '/'), path] as const)
  for (const [name, path] of named.sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\0`).update(hashOf(await readFile(path)))
  return hash.digest('hex')
}

export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
