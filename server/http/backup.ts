// POST /backup: lets the command line of the same user read the embedded store, which this process alone may open. It is
// no part of the API: the folder that it names is one of this machine.
import { Hono } from 'hono'
import { requireToken } from './principal.ts'

export type BackupDeps = {
  /** Copies the store as it is now, and says where to; left out: it is none of this machine. */
  readonly copyStore?: (() => Promise<string>) | null
  readonly token: string
}

export function backupRoutes({ copyStore = null, token }: BackupDeps): Hono {
  return new Hono().post('/backup', async (c) => {
    requireToken(c, token, 'backing up')
    if (copyStore === null) return c.body(null, 404)
    return c.json({ folder: await copyStore() })
  })
}
