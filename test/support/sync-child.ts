// A process that syncs a folder into a data directory and names every document that it has done something to, until it is
// killed.
import { writeSync } from 'node:fs'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'

const [dataDir = '', folder = ''] = process.argv.slice(2)
const embedder = fakeEmbedder()
const database = await openEmbedded(dataDir, (message) => writeSync(2, `${message}\n`))
const store = await openStore(database, 'main', embedder)
const syncing = openSyncs({ ...store, embedder, library: 'main', silentMs: 0 })
const request = { trigger: 'command', paths: [folder], allowDeletes: true } as const
for await (const event of syncing.run(request, new AbortController().signal)) {
  // Synchronous: what was acknowledged is out before the next document is begun.
  if ('source' in event) writeSync(1, `${event.type} ${event.source}\n`)
  if (event.type === 'finished') writeSync(1, `finished\n`)
}
await store.close()
