// A process that migrates a database, statement by statement, and kills itself before the one of this number. It ends by
// saying how many there were, the commit included.
import { writeSync } from 'node:fs'
import type { QueryResultRow } from 'pg'
import type { Database, Query } from '../../store/database.ts'
import { migrate } from '../../store/migrate.ts'
import { openAt } from './acts.ts'
import { openPoints, pointedDatabase } from './points.ts'

// Up to each semicolon that stands in no comment, string or body of a function.
const statement = /(?:--[^\n]*|'(?:[^']|'')*'|\$\$[\s\S]*?\$\$|[^;])+;?/g

const [at = '', point = '0'] = process.argv.slice(2)
const points = openPoints('before', Number(point))
const opened = await openAt(at)
points.begin()
await migrate({ ...opened, owner: oneByOne(pointedDatabase({ ...opened, ...opened.owner }, points)) })
writeSync(1, `${points.count()}\n`)
await opened.close()

function oneByOne(database: Database): Database {
  return {
    ...database,
    transaction: async (work, timeoutMs) =>
      await database.transaction(async (query) => await work(splitting(query)), timeoutMs),
  }
}

/** Each by itself; what comes of the last one is the answer. */
function splitting(query: Query): Query {
  return async <Row extends QueryResultRow>(sql: string, parameters?: readonly unknown[]) => {
    if (parameters) return await query<Row>(sql, parameters)
    let rows: Row[] = []
    for (const each of sql.match(statement) ?? []) if (!isEmpty(each)) rows = await query<Row>(each)
    return rows
  }
}

function isEmpty(sql: string): boolean {
  return sql.replaceAll(/--[^\n]*/g, '').trim() === ''
}
