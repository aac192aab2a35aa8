// A process that learns documents from the queue of a database, until it is killed or told to stop. It says what it
// embeds, takes its time over texts that ask for it ("slow 500 ms", "saved slowly, in 500 ms"), and fails at poison.
import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openAttempt } from '../../ingest/worker.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { openStore } from '../../store/open.ts'
import { openPostgres } from '../../store/postgres.ts'
import { openQueue } from '../../store/queue.ts'

const [url = '', name = '', atOnce = '1', options = '{}'] = process.argv.slice(2)
const say = (line: string) => writeSync(2, `${line}\n`)
const fake = fakeEmbedder()
const embedder: typeof fake = {
  ...fake,
  async embed(texts, kind, signal) {
    for (const text of texts) {
      say(`${name} embeds ${text.split('\n')[0]}`)
      if (text.includes('poison')) throw new Error('the vectors came out as NaN')
      const [, ms] = /slow (\d+) ms/.exec(text) ?? []
      if (ms !== undefined) await wait(Number(ms), undefined, { signal })
    }
    return await fake.embed(texts, kind, signal)
  },
}
const database = openPostgres(url)
const store = await openStore(database, 'main', embedder)
const documents: typeof store.documents = {
  ...store.documents,
  async save(document) {
    const [, ms] = /saved slowly, in (\d+) ms/.exec(document.parsed.text) ?? []
    if (ms !== undefined) {
      say(`${name} saves ${document.source}`)
      await wait(Number(ms))
    }
    return await store.documents.save(document)
  },
}
const report = (message: string, error: unknown) =>
  say(`${message}${error instanceof Error ? `: ${error.message}` : ''}`)
const queue = await openQueue(database, { url, report, ...(JSON.parse(options) as object) })
process.on('SIGTERM', () => {
  void queue
    .close()
    .then(async () => await store.close())
    .then(() => process.exit(0))
})
await queue.work('main', Number(atOnce), openAttempt({ ...store, documents, embedder, library: 'main', report }))
say(`${name} works`)
