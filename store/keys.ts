// Keys: what is known of each, by its id. Whether one holds is decided by the clock of the database.
import type { FoundKey, Holder, Key, KeyStore, KeyToCreate } from '../core/access.ts'
import { StoreError } from '../core/errors.ts'
import type { Database, Query } from './database.ts'

const USED_EVERY = "interval '5 minutes'"

/** Of any library: what belongs to none yet goes through the doors of 0019-walls.sql. */
export function keyStore({ query, of }: Database): KeyStore {
  return {
    create: async (key) => await create(of(key.library).query, key),
    welcome: async (holder, issuer) => await welcome(of(holder.library).query, holder, issuer),
    find: async (id) => {
      const [row] = await query<Holder & Omit<FoundKey, 'holder'>>('select * from footnote_key($1)', [id])
      if (!row) return null
      const { hash, holds, ...holder } = row
      return { holder, hash, holds }
    },
    touch: async ({ library, id }, mark) => {
      await of(library).query(
        `update api_keys set last_used_at = now(), secret_mark = $3 where library_id = $1 and key_id = $2
           and (last_used_at is null or last_used_at < now() - ${USED_EVERY})`,
        [library, id, mark],
      )
    },
    list: async (library) => await list(of(library).query, library),
    revoke: async (library, id) => {
      const rows = await of(library).query(
        `update api_keys set revoked_at = now()
         where library_id = $1 and key_id = $2 and revoked_at is null returning 1`,
        [library, id],
      )
      return rows.length > 0
    },
    count: async () => {
      const [row] = await query<{ made: number; hold: number }>('select * from footnote_key_count()')
      return row ?? { made: 0, hold: 0 }
    },
    misfits: async (mark) => {
      const [row] = await query<{ count: number }>('select footnote_keys_of_others($1) as count', [mark])
      return row?.count ?? 0
    },
    holding: async (ids) => {
      const rows = await query<{ id: string }>('select id from footnote_keys_holding($1) as id', [ids])
      return new Set(rows.map(({ id }) => id))
    },
  }
}

async function create(query: Query, key: KeyToCreate): Promise<Key> {
  const { id, library, name, hash, scopes, origins, expiresAt, mark = null } = key
  const rows = await query<KeyRow>(
    `insert into api_keys as k (library_id, key_id, name, hash, scopes, origins, expires_at, secret_mark)
     values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${keyColumns}`,
    [library, id, name, hash, scopes, origins, expiresAt, mark],
  )
  const [created] = rows.map(toKey)
  if (!created) throw new StoreError('store-failed', `The key ${id} was not stored.`)
  return created
}

/** No hash is empty, so that no text is a key of this id. */
async function welcome(query: Query, { library, id, name, scopes }: Holder, issuer: string): Promise<boolean> {
  const rows = await query(
    `insert into api_keys as k (library_id, key_id, name, hash, scopes, origins, issuer, last_used_at)
     values ($1, $2, $3, '', $4, '{}', $5, now())
     on conflict (library_id, key_id) do update
       set name = excluded.name, scopes = excluded.scopes, issuer = excluded.issuer, last_used_at = now()
     where k.revoked_at is null returning 1`,
    [library, id, name, scopes, issuer],
  )
  return rows.length > 0
}

async function list(query: Query, library: string): Promise<Key[]> {
  const rows = await query<KeyRow>(
    `select ${keyColumns} from api_keys k where k.library_id = $1 order by k.created_at desc, k.key_id`,
    [library],
  )
  return rows.map(toKey)
}

// A browser that is logged in shows its session and no key.
const keyColumns = `k.key_id as id, k.library_id as library, k.name, k.scopes, k.origins, k.created_at, k.expires_at,
  k.revoked_at, k.issuer, greatest(k.last_used_at, (select max(s.seen_at) from sessions s
    where s.library_id = k.library_id and s.key_id = k.key_id)) as last_used_at`

type KeyRow = Holder & {
  readonly issuer: string | null
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly last_used_at: Date | null
}

function toKey({
  created_at: created,
  expires_at: expires,
  revoked_at: revoked,
  last_used_at: used,
  ...row
}: KeyRow): Key {
  return {
    ...row,
    createdAt: created.toISOString(),
    expiresAt: expires?.toISOString() ?? null,
    revokedAt: revoked?.toISOString() ?? null,
    lastUsedAt: used?.toISOString() ?? null,
  }
}
