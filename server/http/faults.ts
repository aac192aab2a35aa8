// What is wrong with a value, in our words: the one place where faults of zod and of JSON.parse become sentences.
import type { z } from 'zod'
import { distance } from '../answer/spelling.ts'

export type Fault = { readonly field: string; readonly sentence: string }

/** The first fault of these, by the name of its field (`whole`: all of it), and beside it a field that is not known. */
export function faultOf(issues: readonly z.core.$ZodIssue[], whole: string): Fault {
  const [first] = issues
  const unknown = issues.find(({ code }) => code === 'unrecognized_keys')
  const field = nameOf(first).slice(0, 80) || whole
  const also = unknown && unknown !== first ? `; ${nameOf(unknown).slice(0, 80)} ${unknown.message}` : ''
  const what = isMissing(first) ? 'is missing' : (first?.message ?? 'is not valid')
  return { field, sentence: `${field}: ${what}${also}.`.replace(/\?\.$/, '?') }
}

function nameOf(issue: z.core.$ZodIssue | undefined): string {
  const unknown = issue?.code === 'unrecognized_keys' ? [issue.keys[0] ?? ''] : []
  return [...(issue?.path ?? []), ...unknown].join('.')
}

// Nothing that is written in JSON or in an address is undefined.
function isMissing(issue: z.core.$ZodIssue | undefined): boolean {
  const isOfType = issue?.code === 'invalid_type' || issue?.code === 'invalid_value' || issue?.code === 'invalid_union'
  return isOfType && issue.path.length > 0 && issue.input === undefined
}

/** For `safeParse`: what a schema that says nothing of its own says of a fault. */
export function ownWords(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return typeWords[issue.expected] ?? 'is not of the right type'
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`
  if (issue.code === 'too_big') return sizeWords[issue.origin]?.(`more than ${issue.maximum}`) ?? 'is too large'
  if (issue.code === 'too_small') return sizeWords[issue.origin]?.(`less than ${issue.minimum}`) ?? 'is too small'
  if (issue.code !== 'unrecognized_keys') return 'is not valid'
  return `is not a known field; ${knownInstead(issue.keys[0] ?? '', issue.inst)}`
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'must be a string',
  boolean: 'must be true or false',
  number: 'must be a number',
  int: 'must be a whole number',
  array: 'must be an array',
  object: 'must be an object',
}

const sizeWords: Readonly<Record<string, (size: string) => string>> = {
  string: (size) => `has ${size} characters`,
  array: (size) => `holds ${size} entries`,
  number: (size) => `is ${size}`,
  int: (size) => `is ${size}`,
}

function knownInstead(written: string, schema: unknown): string {
  const { shape = {} } = (schema as Partial<z.core.$ZodObject> | undefined)?._zod?.def ?? {}
  const known = Object.keys(shape)
  const meant = nearest(written, known)
  if (meant !== null) return `did you mean ${JSON.stringify(meant)}?`
  return known.length > 0 ? `known are ${known.join(', ')}` : 'there are none here'
}

/** What was probably meant: at most two slips away, one in a short word. */
export function nearest(written: string, known: readonly string[]): string | null {
  if (written.length > LONGEST_CORRECTED) return null
  const limit = written.length > 4 ? 2 : 1
  const slips = (name: string) => distance(written.toLowerCase(), name.toLowerCase(), limit)
  const [best] = known.toSorted((a, b) => slips(a) - slips(b))
  return best !== undefined && slips(best) <= limit ? best : null
}

// Comparing costs the product of both lengths.
const LONGEST_CORRECTED = 80

/** Where a text stops being JSON, from the message of V8, which names a place or quotes a few characters around it. */
export function syntaxFault(text: string, message: string): string {
  if (text.trim() === '') return 'The body is empty; send a JSON object.'
  const [, position, line, column] = / at position (\d+) \(line (\d+) column (\d+)\)/.exec(message) ?? []
  if (Number(position) === text.length || /end of JSON input|^Unterminated/.test(message))
    return 'The body is not valid JSON: it ends too early.'
  if (line !== undefined) return `The body is not valid JSON: line ${line}, column ${column} is wrong.`
  const [, character, around] = /^Unexpected token '(.+?)', (.+) is not valid JSON$/su.exec(message) ?? []
  if (character === undefined) return 'The body is not valid JSON.'
  return `The body is not valid JSON: the character ${character} in ${around} is wrong.`
}
