// A process that does one thing to a library through Syncing, and kills itself at the point that it is told. It ends by
// saying how many points there were.
import { writeSync } from 'node:fs'
import type { IngestEvent } from '../../core/types.ts'
import { openStore } from '../../store/open.ts'
import { fakeEmbedder } from '../../models/fake.ts'
import { type Act, openAt, perform, type Sources, syncsAt } from './acts.ts'
import { openPoints, pointedDatabase, pointedEmbedder, pointReads, type When } from './points.ts'

type Order = {
  readonly act: Act
  readonly at: string
  readonly sources: Sources
  readonly embeds: string
  readonly when: When
  readonly point: number
}

const { act, at, sources, embeds, when, point } = JSON.parse(process.argv[2] ?? '') as Order
const points = openPoints(when, point)
const embedder = pointedEmbedder(fakeEmbedder(), embeds, points)
pointReads(sources.folder, points)
const store = await openStore(pointedDatabase(await openAt(at), points), 'main', embedder)
const { syncing, close } = syncsAt(store, embedder, sources)
points.begin()
const events: IngestEvent[] = await Array.fromAsync(perform(syncing, act, sources))
writeSync(1, `${points.count()} ${events.at(-1)?.type}\n`)
close()
await store.close()
