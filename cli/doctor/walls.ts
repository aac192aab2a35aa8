// The walls between libraries: whom they hold when the server works, and whether each is whole.
import type { WallReport } from '../../core/reports.ts'
import { fine, type Finding, look, wrong } from './finding.ts'

export function checkWalls({ user, held, damaged }: WallReport): Finding {
  if (damaged.length > 0)
    return wrong(
      `tables that do not keep libraries apart: ${damaged.join(', ')}`,
      'npm start puts that right, as the owner of the tables. Find out who changed them.',
    )
  if (held === 'role') return fine(`libraries are kept apart: ${user} steps down to footnote_runtime`)
  // A database where nobody is held does not open at all.
  return look(
    `libraries are kept apart, but ${user} owns the tables and could take that away`,
    'Make the role footnote_runtime for it (docs/access.md).',
  )
}
