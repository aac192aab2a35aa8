// Every command speaks HTTP to the app: over the network to the server that holds the data directory, or straight
// into an app opened in this process when there is none. One way to ask, wherever the store is open.
import type { Config } from '../core/config.ts'
import type { Log } from '../core/log.ts'
import { openAll } from '../server/open.ts'
import { readOwner } from '../store/lock.ts'

export type Connection = {
  readonly request: (path: string, init?: RequestInit) => Promise<Response>
  /** address of the running server, null when the store is open in this process */
  readonly url: string | null
  readonly token: string
  readonly close: () => Promise<void>
}

export type CommandOptions = { readonly json: boolean; readonly connection: Connection; readonly signal: AbortSignal }

/** Throws StoreError `store-locked` when another process holds the data directory and serves no HTTP. */
export async function connect(config: Config, log: Log): Promise<Connection> {
  return (config.databaseUrl ? null : await runningServer(config)) ?? (await inProcess(config, log))
}

async function runningServer(config: Config): Promise<Connection | null> {
  const owner = readOwner(config.dataDir)
  if (!owner?.url || !owner.token) return null
  const { url, token } = owner
  const alive = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  )
  if (!alive) return null
  return { request: async (path, init) => await fetch(`${url}${path}`, init), url, token, close: async () => {} }
}

async function inProcess(config: Config, log: Log): Promise<Connection> {
  const opened = await openAll(config, log)
  return {
    request: async (path, init) => await opened.app.fetch(new Request(`http://localhost${path}`, init)),
    url: null,
    token: opened.token,
    close: async () => {
      await opened.app.drain(5_000)
      await opened.close()
    },
  }
}
