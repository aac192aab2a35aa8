// A process that syncs all sources of a sources.yaml into a data directory and names every document that it has done
// something to, until it is killed.
import { writeSync } from 'node:fs'
import { openBook } from '../../ingest/book.ts'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'

const [dataDir = '', file = ''] = process.argv.slice(2)
const embedder = fakeEmbedder()
const database = await openEmbedded(dataDir, (message) => writeSync(2, `${message}\n`))
const store = await openStore(database, 'main', embedder)
const deps = () => ({ publicUrl: null, dataDir, environment: {}, input: null })
const book = openBook({ path: file, isSet: true, deps })
const syncing = openSyncs({ ...store, embedder, library: 'main', silentMs: 0, book })
const request = { trigger: 'command', paths: [], sources: [], allowDeletes: true } as const
for await (const event of syncing.run(request, new AbortController().signal)) {
  // Synchronous: what was acknowledged is out before the next document is begun.
  if ('source' in event) writeSync(1, `${event.type} ${event.source}\n`)
  if (event.type === 'finished') writeSync(1, `finished\n`)
}
book.close()
await store.close()
