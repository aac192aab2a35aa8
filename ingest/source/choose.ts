// include and exclude: which paths of an origin are meant.
import { posix } from 'node:path'

export type Choice = { readonly include: readonly string[]; readonly exclude: readonly string[] }

/** Paths have no slash at their beginning. Without `include` all are meant; what is excluded is not, whatever includes it. */
export function isChosen(path: string, { include, exclude }: Choice): boolean {
  const matches = (glob: string) => posix.matchesGlob(path, glob)
  return (include.length === 0 || include.some(matches)) && !exclude.some(matches)
}

/** The same of a web address: its path counts, without the slashes at both ends. */
export function isChosenUrl(url: URL, choice: Choice): boolean {
  let path = url.pathname.replaceAll(/^\/+|\/+$/g, '')
  try {
    path = decodeURIComponent(path)
  } catch {
    // Not UTF-8: the path is compared as it is written.
  }
  return isChosen(path, choice)
}
