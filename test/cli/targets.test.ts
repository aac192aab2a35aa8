import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { targetsOf } from '../../cli/targets.ts'
import { readConfig } from '../../core/config.ts'
import { temporaryFolder } from '../support/database.ts'

async function configOf(yaml: string | null) {
  const folder = await temporaryFolder()
  const path = join(folder, 'sources.yaml')
  if (yaml !== null) await writeFile(path, yaml)
  return readConfig({ DATA_DIR: folder, SOURCES: path })
}

const two = `sources:\n  - {name: handbook, kind: folder, path: .}\n  - {name: blog, kind: folder, path: .}\n`

describe('a word of npm run ingest', () => {
  it('that is neither a source nor a path is refused with the names of the sources', async () => {
    const config = await configOf(two)
    await expect(targetsOf(['blog', 'handbok'], false, config)).rejects.toThrow(
      `"handbok" is neither a source of ${config.sources} (there are: handbook, blog) nor a file or folder here: nothing was learned.`,
    )
  })

  it('that is a source, is there, or has a slash goes to the ingest', async () => {
    expect(await targetsOf(['blog', 'docs', './gone.md'], false, await configOf(two))).toEqual({
      sources: ['blog'],
      paths: [resolve('docs'), resolve('gone.md')],
    })
  })

  it('that is no path is left to the ingest where no source has a name', async () => {
    const config = { ...(await configOf(null)), sourcesIsSet: false }
    expect(await targetsOf(['handbok'], false, config)).toEqual({ paths: [resolve('handbok')] })
  })
})
