// Has a server learned what is in a folder? Its code cannot be seen, its documents can be read.
import type { Shelf } from './outcome.ts'

type Texts = Shelf['texts']

/** Of what a folder has when it is learned here, and what a server has, by file. null: there are none. */
export function differencesOf(here: Texts, served: Texts): string | null {
  const missing = [...here.keys()].filter((file) => !served.has(file)).length
  const changed = [...here].filter(([file, text]) => served.has(file) && served.get(file) !== text).length
  const more = [...served.keys()].filter((file) => !here.has(file)).length
  if (missing + changed + more === 0) return null
  return `of ${here.size} documents ${missing} are missing and ${changed} are different; ${more} are not in the folder`
}
