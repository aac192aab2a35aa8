// Every command speaks HTTP to the app: over the network to the server that holds the data directory, or straight
// into an app opened in this process when there is none. One way to ask, wherever the store is open.
import type { Config } from '../core/config.ts'
import { StoreError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { lockDirectory, type Owner, readOwner } from '../store/lock.ts'
import { describeProblem } from './print.ts'

export type Connection = {
  readonly request: (path: string, init?: RequestInit) => Promise<Response>
  /** address of the running server, null when the store is open in this process */
  readonly url: string | null
  readonly token: string
  readonly close: () => Promise<void>
}

export type CommandOptions = { readonly json: boolean; readonly connection: Connection; readonly signal: AbortSignal }

/**
 * `anyEmbedder`: also to a library whose own embedder nobody has. Throws StoreError `store-locked` when another process
 * holds the data directory and serves no HTTP.
 */
export async function connect(config: Config, log: Log, anyEmbedder = false): Promise<Connection> {
  try {
    return await inProcess(config, log, anyEmbedder)
  } catch (error) {
    // Only the lock proves that the owner named beside it still lives: a killed server leaves its name behind, and
    // another one may answer at its address by now.
    if (!(error instanceof StoreError && error.code === 'store-locked')) throw error
    return overNetwork(readOwner(config.dataDir), error)
  }
}

export function overNetwork(owner: Owner | null, locked: StoreError): Connection {
  if (!owner?.url || !owner.token)
    throw new StoreError(
      'store-locked',
      `${locked.message}\nIt has no address to be asked at: if it is a server that is starting, try again in a moment.`,
      { cause: locked },
    )
  return connectTo(owner.url, owner.token)
}

/** A server that holds the data directory, and listens at this address. Without its token it can be asked, but not be made to learn. */
export function connectTo(url: string, token = ''): Connection {
  // A server that wants keys wants none of the command line of its own user.
  const known = token ? { authorization: `Bearer ${token}` } : {}
  const request = async (path: string, init?: RequestInit) =>
    await fetch(new URL(path, url), {
      ...init,
      headers: { ...known, ...(init?.headers as Record<string, string> | undefined) },
    }).catch((error: unknown) => {
      if (init?.signal?.aborted) throw error
      throw new StoreError(
        'unreachable',
        `The server at ${url} does not answer. ${isShut(error) ? SHUTTING_DOWN : 'Start it anew: npm start'}`,
        {
          cause: error,
        },
      )
    })
  return { request, url, token, close: async () => {} }
}

// It held the directory when the command began, and has listened: a server closes its door first and its store last.
const SHUTTING_DOWN = 'It is shutting down: try again in a moment, or when it is gone start it anew: npm start'

/** Nobody listens there, other than where somebody does and says nothing. */
function isShut(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}

/** What stands at this path. Throws its problem as an error for the terminal. */
export async function get<Shape>(connection: Connection, path: string, signal: AbortSignal): Promise<Shape> {
  signal.throwIfAborted()
  const authorization = connection.token ? { authorization: `Bearer ${connection.token}` } : {}
  const response = await connection.request(path, { signal, headers: authorization })
  if (!response.ok) throw await describeProblem(response)
  return (await response.json()) as Shape
}

async function inProcess(config: Config, log: Log, anyEmbedder: boolean): Promise<Connection> {
  // Who finds the directory taken asks its server, and need not load everything that answers, which takes a second.
  if (!config.databaseUrl) lockDirectory(config.dataDir).release()
  const { openAll } = await import('../server/open.ts')
  const opened = await openAll(config, log, { input: process.stdin, anyEmbedder })
  // Links lead to where they will work as soon as the server runs.
  const url = `http://localhost:${config.port}`
  return {
    request: async (path, init) => await opened.app.fetch(new Request(new URL(path, url), init)),
    url: null,
    token: opened.token,
    close: async () => {
      await opened.drain(5_000)
      await opened.close()
    },
  }
}
