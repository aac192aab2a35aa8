// What a check has found, in one line, and what to change about it.
import { styleText } from 'node:util'
import { StoreError } from '../../core/errors.ts'
import { clean } from '../layout.ts'

/** `fine` needs nothing, `look` works and may surprise, `wrong` must be changed. */
export type Finding = {
  readonly level: 'fine' | 'look' | 'wrong'
  readonly found: string
  /** what to change; null: nothing */
  readonly remedy: string | null
}

export type Group = { readonly name: string; readonly findings: readonly Finding[] }

export function fine(found: string): Finding {
  return { level: 'fine', found, remedy: null }
}

export function look(found: string, remedy: string): Finding {
  return { level: 'look', found, remedy }
}

export function wrong(found: string, remedy: string): Finding {
  return { level: 'wrong', found, remedy }
}

const marks = {
  fine: styleText('green', '✓'),
  look: styleText('yellow', '!'),
  wrong: styleText('red', '✗'),
} as const

/** One line per finding, what to change below it. What was found may be a stranger's words. */
export function describeGroup({ name, findings }: Group): string {
  return findings
    .map(({ level, found, remedy }, index) => {
      const line = `${marks[level]} ${(index === 0 ? name : '').padEnd(WIDTH)} ${clean(found)}\n`
      return remedy === null ? line : `${line}${' '.repeat(WIDTH + 3)}→ ${clean(remedy)}\n`
    })
    .join('')
}

const WIDTH = 'configuration'.length

/** The fault in one line, with what the database has said. */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  const tellsMore = error instanceof StoreError && cause instanceof Error && !message.includes(cause.message)
  return tellsMore ? `${message} ${cause.message}` : message
}
