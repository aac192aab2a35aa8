// A database that cannot be reached, as whoever starts or asks something on this machine is told it: where it was looked
// for, and what to do. Only to them: the host of a database is nobody else's concern.
import pg from 'pg'
import type { AppError } from '../core/errors.ts'

/** Of the database's own codes those that a person can act on, each with what to do. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/28P01|28000/, 'Correct the user and the password in DATABASE_URL.'],
  [/3D000/, 'Make the database that DATABASE_URL names (createdb), or correct its name.'],
  [/ECONNREFUSED/, 'Start Postgres, or correct the host and the port in DATABASE_URL.'],
  [/ENOTFOUND|EAI_AGAIN/, 'Correct the host in DATABASE_URL: there is none of that name.'],
  [/timeout|ETIMEDOUT|EHOSTUNREACH/i, 'Let a firewall through to Postgres, or correct the host in DATABASE_URL.'],
  [
    /ECONNRESET|terminated/i,
    'It went away: look at Postgres and its log, then do the same again; what was done is kept. If it never was there, correct DATABASE_URL: what listens there is no Postgres.',
  ],
  [
    /SSL|TLS|certificate/i,
    'Say in DATABASE_URL how to connect, for example ?sslmode=require, or without TLS ?sslmode=disable.',
  ],
  [/57P0|53300/, 'Wait for Postgres to be up, or give it more connections.'],
]

// The database is there, and takes none of what DATABASE_URL gives it.
const refusals = /\((?:28P01|28000|3D000)\)/

export function remedyOf(found: string): string {
  const [, remedy] = remedies.find(([code]) => code.test(found)) ?? []
  return remedy ?? 'Check DATABASE_URL, and the log of Postgres.'
}

/** Host and port, or the folder of a socket; never the user or the password. */
export function placeOfDatabase(url: string): string {
  const { host, port } = new pg.Client({ connectionString: url })
  return host.startsWith('/') ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The message of such a fault with where and what to do; any other error as it is. */
export function reached(error: AppError, databaseUrl: string | null): string {
  const isOf = error.code === 'store-unavailable' || refusals.test(error.message)
  if (!isOf || databaseUrl === null) return error.message
  const { cause } = error
  const said = cause instanceof Error && !error.message.includes(cause.message) ? ` ${cause.message}` : ''
  const found = `${error.message}${said}`
  return `${error.message}\n  DATABASE_URL leads to ${placeOfDatabase(databaseUrl)}. ${remedyOf(found)}`
}
