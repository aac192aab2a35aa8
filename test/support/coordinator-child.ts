// A process that syncs a folder and gives its documents to the queue of a database, until it is killed.
import { writeSync } from 'node:fs'
import { openSyncs } from '../../ingest/syncs.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { openQueue } from '../../store/queue.ts'

const [url = '', folder = ''] = process.argv.slice(2)
const embedder = fakeEmbedder()
const database = openPostgres(url)
const store = await openStore(database, 'main', embedder)
const queue = await openQueue(database, { url, report: () => {}, heartbeatSeconds: 10, watchSeconds: 1 })
const sharing = { open: async () => await Promise.resolve(queue), others: null }
const syncing = openSyncs({ ...store, embedder, library: 'main', queue: sharing })
for await (const event of syncing.run({ trigger: 'command', paths: [folder] }, new AbortController().signal))
  if ('source' in event) writeSync(2, `${event.type} ${event.source}\n`)
