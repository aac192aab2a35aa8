// Structured logs. Text of documents and credentials never go into a log line, questions only where they are asked for.
import { pino, type Logger } from 'pino'
import { AppError } from './errors.ts'

export type Log = Logger

export type LogOptions = {
  /** what no line may hold, whoever wrote it */
  readonly secrets?: readonly string[]
  /** what every line carries */
  readonly fields?: () => object
  readonly stream?: { readonly write: (line: string) => unknown }
}

/** One JSON line per event on stderr, so that stdout stays free for what a person asked to see. */
export function openLog(level: string, { secrets = [], fields, stream = process.stderr }: LogOptions = {}): Log {
  // As they would stand in JSON; the longest first, because one may be a part of another.
  const written = secrets.map((secret) => JSON.stringify(secret).slice(1, -1)).toSorted((a, b) => b.length - a.length)
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      ...(fields && { mixin: fields }),
      serializers: { err: shownError },
    },
    {
      write: (line: string) => void stream.write(written.reduce((text, secret) => text.replaceAll(secret, '…'), line)),
    },
  )
}

const LONGEST_MESSAGE = 500
const DEEPEST_CAUSE = 4

/**
 * Only what is known to repeat nothing: errors of others carry rows, addresses and what they could not read. A bug is told
 * with the place where it happened; of what merely did not work, such as a database that is away, the place says nothing.
 */
function shownError(error: unknown, depth = 0, within: ErrorLike | null = null): object {
  if (!isErrorLike(error)) return { type: typeof error }
  const { name = 'Error', cause } = error
  return {
    type: name,
    ...(typeof error.code === 'string' && { code: error.code }),
    message: messageOf(error),
    ...(isBug(error, within) && { stack: framesOf(error) }),
    ...(cause !== undefined && depth < DEEPEST_CAUSE && { cause: shownError(cause, depth + 1, error) }),
  }
}

type ErrorLike = Pick<Error, 'message'> & Partial<Pick<Error, 'name' | 'stack' | 'cause'>> & { readonly code?: unknown }

/** Also a copy of one: the queue hands its errors on with fields of its own. */
function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
}

/** `within`: what it is the cause of. The driver has no code for a connection that broke: whoever told of it knew. */
function isBug(error: ErrorLike, within: ErrorLike | null): boolean {
  const isKnown = within instanceof AppError && !isBug(within, null)
  if (isKnown && !(error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError))
    return false
  if (error instanceof AppError) return error.code === 'store-failed' || error.code === 'internal'
  return typeof error.code !== 'string' || !outside.test(error.code)
}

// Of the operating system (ECONNREFUSED), and of Postgres what is no fault of a statement: it is away (57, 08, 25P03), has
// no room (53), or does not let us in (28).
const outside = /^(?:E[A-Z]+|(?:57|08|53|28)[0-9A-Z]{3}|25P03)$/

function framesOf({ stack = '' }: ErrorLike): string {
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return frames.map((line) => line.trim()).join('\n')
}

/** A parser quotes the text that it could not read. */
function messageOf(error: ErrorLike): string {
  return error instanceof SyntaxError ? 'not shown' : error.message.slice(0, LONGEST_MESSAGE)
}
