// Structured logs. Text of documents and credentials never go into a log line, questions only where they are asked for.
import { pino, type Logger } from 'pino'

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

/** Only what is known to repeat nothing: errors of others carry rows, addresses and what they could not read. */
function shownError(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, stack = '', cause } = error
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return {
    type: name,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    message: messageOf(error),
    stack: frames.map((line) => line.trim()).join('\n'),
    ...(cause !== undefined && depth < DEEPEST_CAUSE && { cause: shownError(cause, depth + 1) }),
  }
}

/** A parser quotes the text that it could not read. */
function messageOf(error: Error): string {
  return error instanceof SyntaxError ? 'not shown' : error.message.slice(0, LONGEST_MESSAGE)
}
