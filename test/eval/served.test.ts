// A server that has learned something else than the folder whose questions it is asked.
import { expect, it } from 'vitest'
import { differencesOf } from '../../eval/served.ts'

it('is told by the documents that it lacks, has otherwise, and has more of', () => {
  const here = new Map(['a', 'b', 'c'].map((name) => [`${name}.md`, `${name} needs flour.`]))
  const served = new Map(here)
  expect(differencesOf(here, served)).toBeNull()
  served.delete('a.md')
  served.set('b.md', 'b needs yeast.')
  served.set('/elsewhere/d.md', 'd')
  served.set('/elsewhere/e.md', 'e')
  expect(differencesOf(here, served)).toBe('of 3 documents 1 are missing and 1 are different; 2 are not in the folder')
})
