// A folder, or a file, as an origin.
import { dirname, relative, resolve, sep } from 'node:path'
import { stat } from 'node:fs/promises'
import { type Choice, isChosen } from './choose.ts'
import { findFiles, readSource, type Skipped, type SourceFile } from './folder.ts'
import { audienceHint, type Listing } from './listing.ts'
import { hashOf, type Hints, type SourceEntry } from './source.ts'
import type { SpecOf } from './spec.ts'

export async function* listFolder(spec: SpecOf<'folder'>, folder: string, signal: AbortSignal): Listing {
  const root = resolve(folder, spec.path)
  const { files, skipped, faults } = await findFiles([root], signal)
  const isFolder = await stat(root).then(
    (found) => found.isDirectory(),
    () => true,
  )
  const base = isFolder ? root : dirname(root)
  const { include, exclude } = spec
  const isMeant = (path: string, choice: Choice = spec) =>
    isChosen(relative(base, resolve(path)).replaceAll(sep, '/'), choice)
  // What lies behind a link that is not followed may be meant, whatever the link itself is called.
  const isMissed = ({ source, link }: Skipped) => isMeant(source, { include: link ? [] : include, exclude })
  for (const error of faults) yield { type: 'fault', error }
  for (const each of skipped) if (isMissed(each)) yield { type: 'skipped', ...each }
  for (const file of files) if (isMeant(file.path)) yield { type: 'entry', entry: fileEntry(file, audienceHint(spec)) }
  return true
}

/** Read every time, because a time of change can lie; what it says then is compared. */
function fileEntry(file: SourceFile, hints: Hints): SourceEntry {
  return {
    source: file.source,
    async load(seen, signal) {
      const bytes = await readSource(file, signal)
      const hash = hashOf(bytes)
      return seen?.hash === hash ? 'unchanged' : { bytes, mediaType: null, seen: { hash }, hints }
    },
  }
}
