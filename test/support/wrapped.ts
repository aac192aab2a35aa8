// A database whose statements a test watches or breaks, whatever library they are for.
import type { Database } from '../../store/database.ts'

export function wrapped(database: Database, change: (inner: Database) => Partial<Database>): Database {
  return { ...database, ...change(database), of: (library) => wrapped(database.of(library), change) }
}
