// Events as they come, but not oftener than a reader of Slack can be told.
import { setTimeout as wait } from 'node:timers/promises'

/** All that came in each `everyMs`, the last at once; nothing at all too, so that what is open can be tended. Throws the signal's reason. */
export async function* beats<Event>(
  events: AsyncIterable<Event>,
  everyMs: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Event[]> {
  const gathered: Event[] = []
  const read = async () => {
    for await (const event of events) gathered.push(event)
  }
  const leaving = new AbortController()
  const either = AbortSignal.any([signal, leaving.signal])
  const reading = read().then(() => 'over')
  // Told where it is awaited; a reader who left does not hear of it.
  reading.catch(() => {})
  try {
    for (let state = 'open'; state !== 'over';) {
      const paused = wait(everyMs, 'open', { signal: either }).catch(() => 'left')
      state = await Promise.race([reading, paused])
      signal.throwIfAborted()
      yield gathered.splice(0)
    }
  } finally {
    leaving.abort()
  }
}
