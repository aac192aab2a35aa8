import { expect, it } from 'vitest'
import { nouns } from '../../cli/backup.ts'

const table = (name: string, rows: number, aside?: number) => ({ name, columns: [], rows, ...(aside && { aside }) })

it('a backup is told in what status counts, and what it holds beside that', () => {
  const tables = [table('documents', 493, 5), table('answers', 18, 1), table('conversations', 1)]
  const moment = { version: '1', at: '', postgres: '17', migrations: [], libraries: ['main'], sequences: {} }
  expect(nouns({ footnote: 'backup', format: 1, ...moment, tables })).toBe(
    '488 documents (and 5 removed), 17 answers (and 1 not ended), 1 conversation',
  )
})
