// Readers who take nothing: what is written for them would lie in memory for as long as they like.
import type { IncomingMessage, ServerResponse } from 'node:http'

// A second after the streams of answers have taken note of it (events.ts): the answer then goes on without its reader.
const TAKEN_NOTHING_MS = 16_000

type Server = {
  on(event: 'request', listener: (incoming: IncomingMessage, outgoing: ServerResponse) => void): unknown
}

/**
 * Closes a connection on which something is to be written and nothing was taken for so long. Node counts every byte that
 * the other side takes, so a slow line is no slow reader; one that has been told everything is left alone.
 */
export function closeSlowReaders(server: Server, ms = TAKEN_NOTHING_MS): void {
  server.on('request', (_, outgoing) => {
    outgoing.setTimeout(ms, () => {
      if (outgoing.writableLength > 0) outgoing.destroy()
    })
  })
}
