// A server that has learned something else than the folder whose questions it is asked.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { differencesOf } from '../../eval/served.ts'
import { folderOfFile } from '../support/folder.ts'
import { never } from '../support/passages.ts'

it('is told by the documents that it lacks, has otherwise, and has more of', async () => {
  const folder = await folderOfFile()
  for (const name of ['a', 'b', 'c']) await writeFile(join(folder, `${name}.md`), `**${name}** needs flour.`)
  const served = new Map(['a', 'b', 'c'].map((name) => [`${name}.md`, `${name} needs flour.`]))
  expect(await differencesOf(folder, served, never)).toBeNull()
  served.delete('a.md')
  served.set('b.md', 'b needs yeast.')
  served.set('/elsewhere/d.md', 'd')
  served.set('/elsewhere/e.md', 'e')
  expect(await differencesOf(folder, served, never)).toBe(
    'of 3 documents 1 are missing and 1 are different; 2 are not in the folder',
  )
})
