// What a schema is, as the catalogs of Postgres say it: a line for each thing, the same for two schemas that are.
import type { Query } from '../../store/database.ts'

export async function schemaText(query: Query): Promise<string[]> {
  const rows = await query<{ line: string }>(`
    with own as (select oid from pg_namespace where nspname = current_schema())
    select concat_ws(' ', 'table', relname, relkind, relpersistence, array_to_string(reloptions, ','), relrowsecurity,
      relforcerowsecurity) as line from pg_class where relnamespace in (select oid from own)
    union all select concat_ws(' ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attcollation::regcollation,
      pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
      where c.relnamespace in (select oid from own) and a.attnum > 0 and c.relkind = 'r'
    union all select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
      from pg_constraint where connamespace in (select oid from own)
    union all select concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid) from pg_index
      join pg_class on pg_class.oid = indexrelid where relnamespace in (select oid from own)
    union all select concat_ws(' ', 'sequence', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmax, seqcycle)
      from pg_sequence join pg_class on pg_class.oid = seqrelid where relnamespace in (select oid from own)
    union all select concat_ws(' ', 'function', pg_get_functiondef(p.oid), proacl) from pg_proc p
      where pronamespace in (select oid from own) and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    union all select concat_ws(' ', 'policy', tablename, policyname, permissive, roles, cmd, qual, with_check) from pg_policies
      where schemaname = current_schema()
    union all select concat_ws(' ', 'trigger', pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
    order by line`)
  return rows.map(({ line }) => line)
}
