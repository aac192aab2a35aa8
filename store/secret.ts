// The secret of the server that keys are hashed with, of the embedded store: made once, readable by its user only.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../core/config.ts'

/** Behind the lock of the directory: only its holder may ask. Losing the file makes every key useless, and nothing else. */
export function keptSecret(dataDir: string): string {
  const kept = secretIn(dataDir)
  if (kept !== null) return kept
  const secret = randomBytes(32).toString('base64url')
  writeFileSync(pathIn(dataDir), `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

/** That of the configuration, without making one; null: there is none yet. */
export function secretSet({ keySecret, databaseUrl, dataDir }: Config): string | null {
  return keySecret ?? (databaseUrl === null ? secretIn(dataDir) : null)
}

/** Null: none was made yet. */
function secretIn(dataDir: string): string | null {
  try {
    return readFileSync(pathIn(dataDir), 'utf8').trim()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return null
  }
}

const pathIn = (dataDir: string) => join(dataDir, 'key-secret')
