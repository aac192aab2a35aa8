// Whom a document is for. An audience that cannot be read must never make a document public: it is refused instead.
import { inspect } from 'node:util'
import { audienceName, isAudienceName } from '../../core/audience.ts'
import { SourceError } from '../../core/errors.ts'
import { LONGEST_FRONT_MATTER, readYaml, splitFrontMatter } from './front-matter.ts'
import type { Kind } from './kind.ts'

const MOST_NAMES = 100

/** The names under `audience:` as they are compared; none: the document is for everyone. Throws SourceError. */
export function readAudience(source: string, kind: Kind, text: string): string[] {
  // Whatever cannot be seen there does not hide what follows.
  const [unseen = ''] = /^(?:[\s\p{Cf}]|<!--[^]*?-->|%[^\n]*\n)+/u.exec(text) ?? []
  refuseMention(source, unseen)
  const start = text.slice(unseen.length)
  if (!/^(?:---|\+\+\+|;;;|\{\s*")/.test(start)) return []
  const { yaml } = splitFrontMatter(start.replaceAll('\u00a0', ' '))
  const front = yaml === null ? undefined : readYaml(yaml)
  // Only Markdown has front matter here: in any other file, and in one that is not YAML, it would say nothing.
  if (kind !== 'markdown' || !isMapping(front)) {
    refuseMention(source, yaml ?? start.slice(0, LONGEST_FRONT_MATTER))
    return []
  }
  const misspelt = Object.keys(front).find((key) => key !== 'audience' && /^\s*audiences?\s*$/i.test(key))
  if (misspelt !== undefined) throw refusal(source, misspelt, 'the key is "audience", in lower case')
  if ('audience' in front) return namesIn(source, front['audience'])
  // A merge key takes from elsewhere what YAML does not read any more.
  if ('<<' in front) refuseMention(source, yaml ?? '')
  return []
}

/** Whoever wrote it there meant to limit the document. */
function refuseMention(source: string, text: string): void {
  const mention = mentioned.exec(text)
  if (mention) throw refusal(source, mention[0].trim(), 'write it in front matter of a Markdown file, as YAML')
}

const mentioned =
  /(?:^|[{,]|<!--)[^\S\n]*(?:\?[^\S\n]*)?["']?audiences?["']?[^\S\n]*[:=].{0,80}|^[^\S\n]*\?[^\S\n]*["']?audience.{0,80}/im

function isMapping(front: unknown): front is Readonly<Record<string, unknown>> {
  return typeof front === 'object' && front !== null && !Array.isArray(front)
}

function namesIn(source: string, value: unknown): string[] {
  const names = Array.isArray(value) ? (value as unknown[]) : [value]
  if (typeof value === 'string' && value.includes(','))
    throw refusal(source, inspect(value), 'several names are a list: [payments, oncall]')
  if (names.length === 0 || names.length > MOST_NAMES)
    throw refusal(source, `${names.length} names`, `give 1 to ${MOST_NAMES}, or leave it out for everyone`)
  return [...new Set(names.map((name) => nameIn(source, name)))]
}

function nameIn(source: string, written: unknown): string {
  const name = typeof written === 'string' ? audienceName(written) : ''
  if (isAudienceName(name)) return name
  const hint = 'names are texts; one that begins with # or @, or is a number, stands in quotes'
  throw refusal(source, inspect(written, { depth: 1, breakLength: Infinity }), hint)
}

function refusal(source: string, found: string, hint: string): SourceError {
  const shown = found.length > 80 ? `${found.slice(0, 80)}…` : found
  return new SourceError('bad-audience', source, `${source} has an audience that cannot be read (${shown}): ${hint}`)
}
