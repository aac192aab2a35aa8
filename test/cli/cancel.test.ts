// npm run ingest -- cancel, for syncs that other processes run.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cancelSync } from '../../cli/ingest.ts'
import type { CommandOptions } from '../../cli/connect.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openStore } from '../../store/open.ts'
import { openTestApp, type TestLibrary, TOKEN } from '../support/app.ts'
import { openTestDatabase, type TestDatabase } from '../support/database.ts'
import { never } from '../support/store-documents.ts'

let database: TestDatabase
let library: TestLibrary
let options: CommandOptions
let said: string

beforeEach(async () => {
  database = await openTestDatabase()
  const embedder = fakeEmbedder()
  library = { store: await openStore(database, 'main', embedder), embedder, folder: '' }
  const app = openTestApp(library, { syncing: openSyncs({ ...library.store, embedder, library: 'main' }) })
  const connection = { request: app.get, url: null, token: TOKEN, close: async () => {} }
  options = { json: false, connection, signal: never }
  said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await database[Symbol.asyncDispose]()
})

/** As another process begins it. */
async function begun(id: string, roots: readonly string[]): Promise<void> {
  await library.store.syncs.begin('main', { id, trigger: 'command', roots })
}

async function isToEnd(id: string): Promise<boolean> {
  const { report } = (await library.store.syncs.find('main', id))!
  return (await library.store.syncs.renew('main', id, { total: 0, done: 0, reading: null, report })) !== 'running'
}

describe('npm run ingest -- cancel', () => {
  it('ends the only sync that runs, and says which it was', async () => {
    await begun('syn_a', ['handbook'])
    expect(await cancelSync(null, options)).toBe(0)
    expect(said).toMatch(/^Cancelled: syn_a \(command, \d{4}-\d\d-\d\d \d\d:\d\d\)\. What it has learned stays\.\n$/)
    expect(await isToEnd('syn_a')).toBe(true)
  })

  it('where several run lists them and ends none, and ends the one that is named', async () => {
    await begun('syn_a', ['handbook'])
    await begun('syn_b', ['blog'])
    await expect(cancelSync(null, options)).rejects.toThrow(
      /^2 syncs run: nothing was cancelled\. Name one: npm run ingest -- cancel <sync>\n {2}syn_b \(.*\): blog\n {2}syn_a \(.*\): handbook$/,
    )
    expect([await isToEnd('syn_a'), await isToEnd('syn_b')]).toEqual([false, false])
    expect(await cancelSync('syn_a', options)).toBe(0)
    expect([await isToEnd('syn_a'), await isToEnd('syn_b')]).toEqual([true, false])
  })

  it('says that none runs, that there is no such sync, and that one had ended before', async () => {
    await expect(cancelSync(null, options)).rejects.toThrow('No sync runs: nothing was cancelled.')
    await expect(cancelSync('syn_x', options)).rejects.toThrow('There is no sync "syn_x".')
    await begun('syn_a', [])
    const { report } = (await library.store.syncs.find('main', 'syn_a'))!
    await library.store.syncs.end('main', 'syn_a', { total: 0, done: 0, report, fault: null, state: 'finished' })
    expect(await cancelSync('syn_a', options)).toBe(1)
    expect(said).toMatch(/^Not cancelled: syn_a \(.*\) had ended before\.\n$/)
  })
})
