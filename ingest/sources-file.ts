// sources.yaml → what to learn from, or every fault of the file with its line and the next step.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { ConfigError } from '../core/errors.ts'
import { commonShape, type Sources, sourcesShape } from './source/spec.ts'

export type SourcesFile = Sources & {
  /** paths in it begin here */
  readonly folder: string
}

/** Throws ConfigError. */
export async function readSourcesFile(path: string): Promise<SourcesFile> {
  let written: string
  try {
    written = await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    // Where nobody has set it there need not be one, and nobody comes here.
    if (code === 'ENOENT') throw new ConfigError([`${path} is not there: correct SOURCES, or unset it`])
    throw new ConfigError([`${path} cannot be read (${code}): check the path and its permissions`])
  }
  return { ...parseSources(written, path), folder: dirname(resolve(path)) }
}

/** `name` is what faults are named by. Throws ConfigError. */
export function parseSources(written: string, name: string): Sources {
  const lines = new LineCounter()
  // An alias is a way to make a small file huge, and nobody needs one here.
  const document = parseDocument(written, { lineCounter: lines, logLevel: 'silent' })
  if (document.errors.length > 0)
    throw new ConfigError(
      document.errors.map(({ pos, message }) => `${name}:${lines.linePos(pos[0]).line}: ${sentenceOf(message)}`),
    )
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const found = toPlain(() => document.toJS({ maxAliasCount: 0 }) as unknown, name)
  const result = sourcesShape.safeParse(found)
  if (found === null)
    throw new ConfigError([`${name}:1: the file is empty: describe at least one source, as in docs/sources.md`])
  const issues = result.error?.issues.flatMap((issue) => [issue, ...besideKind(issue, found)]) ?? []
  const faults = issues.map(
    (issue) => `${name}:${lineOf(pathOf(issue))}: ${describe(issue, !document.hasIn(issue.path))}`,
  )
  const names = namesIn(found)
  const doubles = names.flatMap((called, index) =>
    called !== null && names.indexOf(called) < index
      ? [`${name}:${lineOf(['sources', index, 'name'])}: the name ${called} is given twice: every source has its own`]
      : [],
  )
  if (!result.success || doubles.length > 0) throw new ConfigError([...faults, ...doubles])
  return result.data
}

/** A kind that is none tells nothing of the fields that all kinds have: they are judged by themselves. */
function besideKind({ code, path }: z.core.$ZodIssue, found: unknown): z.core.$ZodIssue[] {
  if (code !== 'invalid_union' || path.length !== 3) return []
  const place = path.slice(0, 2)
  const source = path.slice(0, 2).reduce((outer: unknown, key) => (outer as Record<PropertyKey, unknown>)[key], found)
  const issues = commonShape.safeParse(source).error?.issues ?? []
  return issues.map((issue) => ({ ...issue, path: [...place, ...issue.path] }))
}

/** Of each source, whatever else is wrong with it; null: it has none. */
function namesIn(found: unknown): (string | null)[] {
  return namedSources.safeParse(found).data?.sources.map(({ name }) => name) ?? []
}

const namedSources = z.object({
  sources: z.array(z.object({ name: z.string().nullable().catch(null) }).catch({ name: null })),
})

/** Of the parser: its first line, without the place that is told before it. */
function sentenceOf(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
}

function toPlain(read: () => unknown, name: string): unknown {
  try {
    return read()
  } catch {
    throw new ConfigError([`${name}: an alias (*name) is not read here: write its value out`])
  }
}

/** A key that is not known is named by its own line and not by that of what holds it. */
function pathOf(issue: z.core.$ZodIssue): PropertyKey[] {
  return issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
}

function describe(issue: z.core.$ZodIssue, isMissing: boolean): string {
  const place = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
  if (issue.code === 'unrecognized_keys')
    return `${place === '' ? 'the file' : place} has ${issue.keys.join(', ')}, which is not known here: check the spelling in docs/sources.md, or remove it`
  const message = isMissing ? `is missing: ${issue.message.replace(/^must be a text: /, '')}` : issue.message
  return `${place === '' ? 'the file' : place} ${message.startsWith('Invalid') ? 'has the wrong shape: see docs/sources.md' : message}`
}
