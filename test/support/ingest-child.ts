// A process that ingests a folder into a data directory and names every document it has learned, until it is killed.
import { writeSync } from 'node:fs'
import { ingest } from '../../ingest/ingest.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openEmbedded } from '../../store/embedded.ts'
import { openStore } from '../../store/open.ts'

const [dataDir = '', folder = ''] = process.argv.slice(2)
const embedder = fakeEmbedder()
const database = await openEmbedded(dataDir, (message) => writeSync(2, `${message}\n`))
const store = await openStore(database, 'main', embedder)
const deps = { documents: store.documents, embedder, library: 'main' }
for await (const event of ingest([folder], deps, new AbortController().signal)) {
  // Synchronous: what was acknowledged is out before the next document is begun.
  if (event.type === 'learned') writeSync(1, `learned ${event.source}\n`)
  if (event.type === 'failed') writeSync(2, `${event.message}\n`)
  if (event.type === 'finished') writeSync(1, `finished ${event.report.learned} ${event.report.embedded}\n`)
}
await store.close()
