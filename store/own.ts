// What of a database is ours: in a schema that other programs use as well, everything else is theirs.
import { readdir, readFile } from 'node:fs/promises'
import type { Query } from './database.ts'

export const ofSpace = /^(?:vectors|signs)_\d+$/

const folder = new URL('./migrations/', import.meta.url)

export async function migrationNames(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
}

export async function migrationText(name: string): Promise<string> {
  return await readFile(new URL(name, folder), 'utf8')
}

const making = /^create (?:or replace |unlogged )?(table|function) (?:if not exists )?(\w+)(?![\w.])/gim

/** What the migrations have ever made. */
export async function madeByMigrations(): Promise<Record<'tables' | 'functions', ReadonlySet<string>>> {
  const texts = await Promise.all((await migrationNames()).map(migrationText))
  const made = texts.flatMap((text) => Array.from(text.matchAll(making), ([, kind, name = '']) => ({ kind, name })))
  const named = (kind: string) => made.filter((each) => each.kind?.toLowerCase() === kind).map(({ name }) => name)
  return { tables: new Set(['migrations', ...named('table')]), functions: new Set(named('function')) }
}

/** By name. */
export async function ownTables(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace order by 1`,
  )
  return await ownOf(rows.map(({ name }) => name))
}

/** Those of these tables that are ours, in their order. */
export async function ownOf(names: readonly string[]): Promise<string[]> {
  // Asked of each new pool about damaged walls, of which there are none: no file is read for that.
  if (names.length === 0) return []
  const { tables } = await madeByMigrations()
  return names.filter((name) => tables.has(name) || ofSpace.test(name))
}
