// Has a server learned a folder as it is here? Its code cannot be seen, its documents can be read.
import { relative, resolve } from 'node:path'
import { parse } from '../ingest/parse/parse.ts'
import { findFiles, readSource } from '../ingest/source/folder.ts'
import type { Shelf } from './outcome.ts'

/** `texts`: what it holds, by file. null when that is what the folder has. Throws SourceError for what nobody can read. */
export async function differencesOf(
  folder: string,
  texts: Shelf['texts'],
  signal: AbortSignal,
): Promise<string | null> {
  const { files } = await findFiles([folder], signal)
  let [missing, changed] = [0, 0]
  for (const file of files) {
    const served = texts.get(relative(resolve(folder), file.path).replaceAll('\\', '/'))
    if (served === undefined) missing++
    else if (served !== parse(file.source, await readSource(file, signal)).text) changed++
  }
  const more = texts.size - (files.length - missing)
  if (missing + changed + more === 0) return null
  return `of ${files.length} documents ${missing} are missing and ${changed} are different; ${more} are not in the folder`
}
