// npm run restore: a library out of a backup, all of it or nothing.
import type { Config } from '../core/config.ts'
import { markOf, misfitWords } from '../core/keys.ts'
import type { Database } from '../store/database.ts'
import { openEmbedded } from '../store/embedded.ts'
import { keyStore } from '../store/keys.ts'
import { openPostgres } from '../store/postgres.ts'
import { restore as restoreInto } from '../store/restore.ts'
import { secretSet } from '../store/secret.ts'
import { asJson, type BackupOptions, nouns, openBar, time, warn } from './backup.ts'
import { minute } from './layout.ts'

export async function restore(
  path: string,
  config: Config,
  { json, signal, replace }: BackupOptions & { readonly replace: boolean },
): Promise<number> {
  const began = performance.now()
  const { databaseUrl, dataDir } = config
  const target = databaseUrl ? openPostgres(databaseUrl, 1) : await openEmbedded(dataDir, warn)
  const bar = openBar(!json && process.stderr.isTTY)
  try {
    const { heading } = await restoreInto(target, path, { replace }, bar.progress, signal)
    bar.stop()
    const seconds = (performance.now() - began) / 1000
    if (json) process.stdout.write(asJson({ file: path, seconds, ...heading }))
    else process.stdout.write(`Restored as of ${minute(heading.at)}: ${nouns(heading)}, in ${time(seconds)}.\n`)
    if (!json && heading.tables.some(({ name, rows }) => name === 'api_keys' && rows > 0))
      process.stderr.write(
        `Keys that were revoked since then hold again: npm run keys -- list\n${await strangers(target, config)}`,
      )
    return 0
  } finally {
    bar.stop()
    await target.close()
  }
}

/** A line if its keys are none here: a backup does not hold the secret that they were made with. */
async function strangers(target: Database, config: Config): Promise<string> {
  const secret = secretSet(config)
  const misfits = await keyStore(target.of(config.library)).misfits(secret && markOf(secret))
  return misfits > 0 ? `${misfitWords(misfits)}\n` : ''
}
