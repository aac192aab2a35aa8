// Folders that live as long as the test file that made them.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made: string[] = []
afterAll(async () => {
  // A process that was just killed may still be writing its last file.
  for (const folder of made) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

export async function folderOfFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'footnote-test-'))
  made.push(folder)
  return folder
}
