// kill -9 at any moment of a server at work: what it has acknowledged is there after the next start, and nothing by half.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { hashOfKey, makeKey } from '../../core/keys.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { random as randomOf } from '../../eval/stats.ts'
import type { Query } from '../../store/database.ts'
import { openStore } from '../../store/open.ts'
import { openClient } from '../support/acknowledging.ts'
import { temporaryFolder } from '../support/database.ts'
import { isThere, kinds, openPlace, type Place } from '../support/places.ts'
import { start, startServer } from '../support/process.ts'
import { isThorough } from '../support/thorough.ts'

const KILLS = Number(process.env['TEST_KILLS'] ?? (isThorough ? 200 : 4))
const SEED = Number(process.env['TEST_SEED'] ?? 1)
const KEY_SECRET = 'b0Zk2c8mQWxv3TnR5yLd7hGsJ4aUeP9f'
/** Every so many kills nobody has written yet: it is killed while it starts. */
const STARTS = 8

const told: string[] = []
afterAll(() => {
  for (const line of told) process.stderr.write(`${line}\n`)
})

// Each takes long enough: the embedded store where there is no Postgres.
it.each(kinds.filter(isThere).slice(-1))(
  `loses no acknowledged write of the %s store in ${KILLS} kills`,
  { timeout: 60_000 + KILLS * 60_000 },
  async (kind) => {
    await using place = await openPlace(kind)
    // Nothing may be refused because a start has much to do, or this client.
    const open = { SHEDDING: 'off', RATE_PER_KEY: '60000' }
    const settings = { ...place.settings, ...open, LIBRARY_DIR: await temporaryFolder(), KEY_SECRET }
    const client = openClient(await firstKey(place), kind === 'postgres')
    const random = randomOf(SEED)
    for (let kill = 1; kill <= KILLS; kill++) {
      if (kill % STARTS === 0) {
        const starting = start('server/main.ts', [], { PORT: '0', ...settings })
        await wait(random() * 3_000)
        await starting.end()
        continue
      }
      const server = await startServer(settings)
      await client.check(server.url, random, false)
      const writing = client.write(server.url, random)
      // After so many more, and in the middle of the next: however slow the machine is, something is under way.
      const enough = client.total() + 1 + Math.floor(random() * 12)
      const itself = writing.then(() => {
        throw new Error(`The server ended by itself:\n${server.stderr()}`)
      })
      itself.catch(() => {})
      while (client.total() < enough) await Promise.race([wait(5), itself])
      await wait(random() * 60)
      await server.end()
      await writing
    }
    await expectWhole(place)
    const server = await startServer(settings)
    await client.check(server.url, random, true)
    const { document, answer, stream, feedback, key } = client.counts
    // Few kills leave time for the most frequent kinds alone.
    const acknowledged = KILLS < 40 ? [document + answer] : [document, answer, stream, feedback, key]
    expect(Math.min(...acknowledged), JSON.stringify(client.counts)).toBeGreaterThan(0)
    told.push(`${kind}, seed ${SEED}: ${KILLS} kills, acknowledged ${JSON.stringify(client.counts)}, lost 0`)
    await server.end()
  },
)

async function firstKey(place: Place): Promise<string> {
  const database = await place.open()
  const { keys } = await openStore(database, 'main', await openStaticEmbedder())
  const { id, text } = makeKey()
  const holder = { id, library: 'main', name: 'of a test', scopes: ['ask', 'ingest', 'admin'], origins: [] } as const
  await keys.create({ ...holder, expiresAt: null, hash: hashOfKey(text, KEY_SECRET) })
  await database.close()
  return text
}

async function expectWhole(place: Place): Promise<void> {
  const database = await place.open()
  expect(await halvesOf(database.owner.query)).toEqual([])
  await database.close()
}

/** Whatever one transaction should have written, and is there in part. */
async function halvesOf(query: Query): Promise<string[]> {
  const rows = await query<{ fault: string }>(`
    select 'chunks are counted wrongly' as fault from libraries l
      where chunk_count <> (select count(*) from chunks c where c.library_id = l.library_id)
    union all select 'a chunk without its vector or signs' from chunks c
      where not exists (select from vectors_1 v where v.chunk_id = c.chunk_id)
        or not exists (select from signs_1 s where s.chunk_id = c.chunk_id)
    union all select 'a chunk of another revision: ' || d.source from chunks c join documents d using (library_id, document_id)
      where c.revision <> d.revision or d.removed_at is not null
    union all select 'a document without chunks: ' || source from documents d where removed_at is null
      and not exists (select from chunks c where c.document_id = d.document_id)
    union all select 'an upload of another revision: ' || d.source from uploads u join documents d using (library_id, document_id)
      where u.revision <> d.revision
    union all select 'a word that is counted wrongly: ' || t.term from terms t
      left join (select term, sum(length(entries) / 8) as holding from postings group by 1) p using (term)
      where t.holding <> coalesce(p.holding, 0)
    union all select 'a finished answer without its last event: ' || answer_id from answers a where answer is not null
      and not exists (select from answer_events e where e.answer_id = a.answer_id and terminal)
    union all select 'an answer whose events have a gap: ' || answer_id from answer_events
      group by answer_id having count(*) <> max(seq) or min(seq) <> 1`)
  return rows.map(({ fault }) => fault)
}
