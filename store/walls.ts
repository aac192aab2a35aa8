// The walls between libraries: row-level security that holds whoever the server steps down to, and what of it is damaged
// (docs/decisions/0022-libraries-walled-off-by-postgres.md). The embedded database runs as superuser, whom none holds.
import { StoreError } from '../core/errors.ts'
import type { WallReport } from '../core/reports.ts'
import type { Query } from './database.ts'
import { ownOf } from './own.ts'

const RUNTIME = 'footnote_runtime'

/** For whom a connection works from now on: as which role, for which library. Kept when a transaction is rolled back. */
export const guiseSql = `select set_config('role', $1, false), set_config('footnote.library', $2, false)`

/** As what the server works, so that the walls hold it. Throws StoreError `store-unwalled` where nothing does. */
export async function roleOf(query: Query): Promise<string> {
  const { held, user } = await wallsOf(query)
  if (held === 'role') return RUNTIME
  if (held === 'owner') return 'none'
  throw new StoreError(
    'store-unwalled',
    `The database user ${user} passes every wall between libraries, and may not step down to the role ${RUNTIME}. ` +
      'Make that role, or give DATABASE_URL a user that is neither superuser nor bypasses row-level security (docs/access.md).',
  )
}

export async function wallsOf(query: Query): Promise<WallReport> {
  const [found] = await query<{ user: string; passes: boolean; steps: boolean }>(
    `select session_user::text as user, u.rolsuper or u.rolbypassrls as passes,
            coalesce(not r.rolsuper and not r.rolbypassrls and pg_has_role(session_user, r.oid,
              case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end)
              and not exists (select from pg_class where relowner = r.oid), false) as steps
     from pg_roles u left join pg_roles r on r.rolname = '${RUNTIME}' where u.rolname = session_user`,
  )
  const { user = '', passes = true, steps = false } = found ?? {}
  return { user, held: steps ? 'role' : passes ? 'nobody' : 'owner', damaged: await damagedTables(query) }
}

const WALL = `(library_id = current_setting('footnote.library'::text, true))`

/** Tables of ours without a whole wall: nobody is held off there, or everybody is. */
export async function damagedTables(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
       and exists (select from pg_attribute where attrelid = c.oid and attname = 'library_id' and not attisdropped)
       and not coalesce(c.relrowsecurity and c.relforcerowsecurity
         and (select string_agg(pg_get_expr(polqual, polrelid), '') = '${WALL.replaceAll("'", "''")}'
                and bool_and(polcmd = '*' and polpermissive and polroles = '{0}' and polwithcheck is null)
              from pg_policy where polrelid = c.oid and polname <> 'footnote_doors')
         and case when to_regrole('${RUNTIME}') is null then true
             else has_table_privilege(to_regrole('${RUNTIME}'), c.oid, 'delete') end, false)
     order by name`,
  )
  return await ownOf(rows.map(({ name }) => name))
}

/** Within the transaction that changes the schema: raises what is missing, and repairs what is damaged. */
export async function raiseWalls(query: Query): Promise<void> {
  await query('select footnote_wall(name::regclass) from unnest($1::text[]) as name', [await damagedTables(query)])
  await query('select footnote_open_doors()')
}

/** Until they are raised again in the same transaction: a change of all rows must not pass over those that it does not see. */
export async function lowerWalls(query: Query): Promise<void> {
  const rows = await query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace = current_schema()::regnamespace and c.relforcerowsecurity
       and not exists (select from pg_roles where rolname = current_user and (rolsuper or rolbypassrls))`,
  )
  for (const name of await ownOf(rows.map((row) => row.name)))
    await query(`alter table ${name} no force row level security`)
}

/** What a library of another makes in its own schema: the server may use it within transactions of ours. */
export async function openSchema(query: Query, schema: string): Promise<void> {
  if ((await wallsOf(query)).held !== 'role') return
  await query(
    `grant usage on schema ${schema} to ${RUNTIME}; grant select, insert on all tables in schema ${schema} to ${RUNTIME}`,
  )
}
