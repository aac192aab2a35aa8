// The secret of the server that keys are hashed with, of the embedded store: made once, readable by its user only.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Behind the lock of the directory: only its holder may ask. Losing the file makes every key useless, and nothing else. */
export function keptSecret(dataDir: string): string {
  const path = join(dataDir, 'key-secret')
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const secret = randomBytes(32).toString('base64url')
  writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}
