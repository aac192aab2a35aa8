// Turns at the hosts that are read from, of all processes together. Times are those of the database's clock.
import type { HostStore, HostTurn } from '../core/hosts.ts'
import type { Database } from './database.ts'

export function hostStore({ query }: Database): HostStore {
  // Made once: a row that is there is never taken away.
  const made = new Set<string>()
  const make = async (library: string, host: string, atOnce: number) => {
    await query('insert into hosts (library_id, host) values ($1, $2) on conflict do nothing', [library, host])
    await query(
      `insert into host_turns (library_id, host, turn) select $1, $2, generate_series(1, $3::int)
       on conflict do nothing`,
      [library, host, atOnce],
    )
    made.add(`${library} ${host}`)
  }
  return {
    take: async (library, host, { holder, atOnce, delayMs, leaseMs }) => {
      if (!made.has(`${library} ${host}`)) await make(library, host, atOnce)
      const [taken] = await query<HostTurn>(
        `with free as (
           select turn from host_turns
           where library_id = $1 and host = $2 and (leased_until is null or leased_until <= clock_timestamp())
           order by turn limit 1 for update skip locked),
         reserved as (
           update hosts set next_at = greatest(next_at, clock_timestamp()) + $4 * interval '1 ms'
           where library_id = $1 and host = $2 and exists (select from free)
           returning next_at - $4 * interval '1 ms' as starts_at)
         update host_turns t set holder = $3, leased_until = starts_at + $5 * interval '1 ms' from free, reserved
         where t.library_id = $1 and t.host = $2 and t.turn = free.turn
         returning t.turn,
           greatest(0, extract(epoch from starts_at - clock_timestamp()) * 1000)::float8 as "waitMs"`,
        [library, host, holder, delayMs, leaseMs],
      )
      return taken ?? null
    },
    release: async (library, host, turn, holder) => {
      await query(
        `update host_turns set holder = null, leased_until = null
         where library_id = $1 and host = $2 and turn = $3 and holder = $4`,
        [library, host, turn, holder],
      )
    },
  }
}
