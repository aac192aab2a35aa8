// Makes an empty embedded database: `node --liftoff-only store/embedded-make.ts <folder>`. A process of its own,
// because making one compiles a second WebAssembly program: with V8's quick compiler alone the peak is 0.6 GB instead
// of 1.15 GB, and the memory is given back when the process ends.
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'

const [dataDir] = process.argv.slice(2)
if (dataDir === undefined) throw new Error('usage: embedded-make.ts <folder>')
const database = await PGlite.create({ dataDir, extensions: { vector } })
await database.query('select 1')
await database.close()
