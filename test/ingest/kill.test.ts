// SIGKILL during an ingest: what was acknowledged is there whole, nothing is there by half, and the next run goes on.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Query } from '../../store/database.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { type Running, start } from '../support/process.ts'
import { isThorough } from '../support/thorough.ts'

const script = fileURLToPath(new URL('../support/ingest-child.ts', import.meta.url))
// Each kill costs a start, a recovery and a check: 2–3 s on two idle cores.
const KILLS = isThorough ? 20 : 2
const DOCUMENTS = 8 + 4 * KILLS
const SECTIONS = 6

it(`survives ${KILLS} kills during an ingest`, { timeout: 20_000 + KILLS * 20_000 }, async () => {
  const dataDir = await preparedDataDir()
  const library = await makeLibrary()
  const acknowledged = new Map<string, number>()
  for (let n = 0; n < KILLS; n++) {
    const child = start(script, [dataDir, library.folder], {})
    await killSomewhere(child, n)
    for (const source of learned(child)) acknowledged.set(source, library.versions.get(source) ?? -1)
    await checkAll(dataDir, library.versions, acknowledged)
    // So that the next run replaces documents, too, and is killed in the middle of that.
    await library.rewriteSome()
  }
  const last = start(script, [dataDir, library.folder], {})
  expect(await last.ended, last.stderr()).toBe(0)
  for (const source of library.versions.keys()) acknowledged.set(source, library.versions.get(source) ?? -1)
  const found = await checkAll(dataDir, library.versions, acknowledged)
  expect(found).toBe(DOCUMENTS)

  const again = start(script, [dataDir, library.folder], {})
  expect(await again.ended, again.stderr()).toBe(0)
  expect(again.stdout()).toBe('finished 0 0\n')
})

/** Every fourth time at any moment of the start, else after some documents, at any moment of the next. */
async function killSomewhere(child: Running, n: number): Promise<void> {
  if (n % 4 === 3) {
    await Promise.race([wait(Math.random() * 1500), child.ended])
  } else {
    const enough = 1 + Math.floor(Math.random() * 4)
    // An ingest that ends before is fine, too: then nothing was left to learn.
    while (isAlive(child) && learned(child).length < enough) await wait(2)
    await wait(Math.random() * 30)
  }
  await child.end()
  expect(child.stderr()).toBe('')
}

function isAlive({ pid }: Running): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function learned(child: Running): string[] {
  return Array.from(child.stdout().matchAll(/^learned (.+)\n/gm), ([, source]) => source ?? '')
}

/** Everything that must hold after a kill. Returns the number of documents. */
async function checkAll(
  dataDir: string,
  versions: ReadonlyMap<string, number>,
  acknowledged: ReadonlyMap<string, number>,
): Promise<number> {
  const database = await openEmbedded(dataDir, (message) => expect.unreachable(message))
  try {
    expect(database.restored).toBe(false)
    expect(await faults(database.query)).toEqual({
      miscounted: 0,
      stale: 0,
      without_vector: 0,
      without_words: 0,
      stray: 0,
      misheld: 0,
    })
    const documents = await database.query<{ source: string; text: string; slices: [number, number, string][] }>(
      `select d.source, r.text,
              (select jsonb_agg(jsonb_build_array(c.start_offset, c.end_offset, c.text)) from chunks c
               where c.library_id = d.library_id and c.document_id = d.document_id) as slices
       from documents d join revisions r using (library_id, document_id, revision)`,
    )
    for (const { source, text, slices } of documents) {
      expect(slices, source).toHaveLength(SECTIONS)
      for (const [from, to, slice] of slices) expect(text.slice(from, to)).toBe(slice)
      // Saved and not yet acknowledged is allowed; older than acknowledged is not.
      const version = Number(/version (\d+)/.exec(text)?.[1])
      expect([acknowledged.get(source), versions.get(source)], source).toContain(version)
    }
    const sources = documents.map(({ source }) => source)
    expect([...acknowledged.keys()].filter((source) => !sources.includes(source))).toEqual([])
    return documents.length
  } finally {
    await database.close()
  }
}

async function faults(query: Query): Promise<unknown> {
  const [row] = await query(
    `with counts as (select l.chunk_count, (select count(*) from chunks c where c.library_id = l.library_id) as real from libraries l),
          posted as (
            select p.library_id, p.term, ('x' || encode(substr(p.entries, at + 1, 4), 'hex'))::bit(32)::int as chunk_id
            from postings p, generate_series(0, length(p.entries) - 1, 8) as at),
          held as (select library_id, term, count(*) as holding from posted group by 1, 2)
     select (select count(*)::int from counts where chunk_count <> real) as miscounted,
            (select count(*)::int from chunks c join documents d using (library_id, document_id)
             where c.revision <> d.revision) as stale,
            (select count(*)::int from chunks c left join vectors_1 v using (library_id, chunk_id)
             left join signs_1 s using (library_id, chunk_id)
             where v.chunk_id is null or s.chunk_id is null) as without_vector,
            (select count(*)::int from chunks where chunk_id not in (select chunk_id from posted)) as without_words,
            (select count(*)::int from posted where chunk_id not in (select chunk_id from chunks)) as stray,
            (select count(*)::int from terms t full join held h using (library_id, term)
             where t.holding is distinct from h.holding) as misheld`,
  )
  return row
}

async function makeLibrary() {
  const folder = join(await temporaryFolder(), 'library')
  await mkdir(folder)
  const versions = new Map<string, number>()
  const rewrite = async (source: string) => {
    const version = (versions.get(source) ?? 0) + 1
    versions.set(source, version)
    const sections = Array.from(
      { length: SECTIONS },
      (_, n) => `## Part ${n}\n\nPart ${n} of ${source}, version ${version} 🚦. ${'Some more words. '.repeat(n * 9)}`,
    )
    await writeFile(source, [`# Document`, ...sections].join('\n\n'))
  }
  for (let n = 0; n < DOCUMENTS; n++) await rewrite(join(folder, `${String(n).padStart(3, '0')}.md`))
  return {
    folder,
    versions,
    rewriteSome: async () => {
      for (const [n, source] of [...versions.keys()].entries()) if (n % 7 === 0) await rewrite(source)
    },
  }
}
