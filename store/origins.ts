// What is remembered of each source of sources.yaml, and who reads it: one process at a time, for as long as it says so.
import type { OriginStore } from '../core/origins.ts'
import { type Database, toJson } from './database.ts'

export function originStore({ query }: Database): OriginStore {
  return {
    memory: async (library, name) => {
      const [row] = await query<{ memory: unknown }>('select memory from origins where library_id = $1 and name = $2', [
        library,
        name,
      ])
      return row?.memory ?? null
    },
    remember: async (library, name, memory) => {
      await query(
        `insert into origins (library_id, name, memory) values ($1, $2, $3)
         on conflict (library_id, name) do update set memory = excluded.memory`,
        [library, name, toJson(memory)],
      )
    },
    ...leases(query),
    ...schedules(query),
  }
}

// Whoever writes a time writes one that the caller has read from `clock`: all servers read the same one.
function leases(query: Database['query']): Pick<OriginStore, 'take' | 'takeDue' | 'renew' | 'release'> {
  return {
    take: async (library, name, { holder, now, leaseMs }) => {
      const rows = await query(
        `insert into origins (library_id, name, holder, leased_until) values ($1, $2, $3, $4::timestamptz + $5 * interval '1 ms')
         on conflict (library_id, name) do update set holder = excluded.holder, leased_until = excluded.leased_until
         where origins.leased_until is null or origins.leased_until <= $4 or origins.holder = $3 returning name`,
        [library, name, holder, now, leaseMs],
      )
      return rows.length > 0
    },
    takeDue: async (library, names, { holder, now, leaseMs }) => {
      const [row] = await query<{ name: string }>(
        `update origins o set holder = $3, leased_until = $4::timestamptz + $5 * interval '1 ms'
         from (select name from origins where library_id = $1 and name = any($2) and next_at <= $4
                 and (leased_until is null or leased_until <= $4) order by next_at limit 1 for update skip locked) due
         where o.library_id = $1 and o.name = due.name returning o.name`,
        [library, names, holder, now, leaseMs],
      )
      return row?.name ?? null
    },
    renew: async (library, { holder, now, leaseMs }) => {
      await query(
        `update origins set leased_until = $3::timestamptz + $4 * interval '1 ms'
         where library_id = $1 and holder = $2 and leased_until > $3`,
        [library, holder, now, leaseMs],
      )
    },
    release: async (library, name, holder, nextAt) => {
      await query(
        `update origins set holder = null, leased_until = null, next_at = coalesce($4, next_at)
         where library_id = $1 and name = $2 and holder = $3`,
        [library, name, holder, nextAt],
      )
    },
  }
}

function schedules(query: Database['query']): Pick<OriginStore, 'clock' | 'schedule' | 'list'> {
  return {
    clock: async () => {
      const [row] = await query<{ now: Date }>('select clock_timestamp() as now')
      return row?.now ?? new Date()
    },
    schedule: async (library, all) => {
      await query(
        `insert into origins (library_id, name, schedule, next_at)
         select $1, * from unnest($2::text[], $3::text[], $4::timestamptz[])
         on conflict (library_id, name) do update set schedule = excluded.schedule, next_at = excluded.next_at
         where origins.schedule is distinct from excluded.schedule`,
        [library, all.map(({ name }) => name), all.map(({ schedule }) => schedule), all.map(({ nextAt }) => nextAt)],
      )
    },
    list: async (library) => {
      const rows = await query<{ name: string; next_at: Date | null }>(
        'select name, next_at from origins where library_id = $1 order by name',
        [library],
      )
      return rows.map(({ name, next_at }) => ({ name, nextAt: next_at?.toISOString() ?? null }))
    },
  }
}
