// Structured logs. Question text, document text and credentials never go into a log line.
import { pino, type Logger } from 'pino'

export type Log = Logger

/** One JSON line per event on stderr, so that stdout stays free for what a person asked to see. */
export function openLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: {
        paths: ['*.authorization', '*.apiKey', '*.password', 'authorization', 'apiKey', 'password'],
        censor: '…',
      },
    },
    process.stderr,
  )
}
