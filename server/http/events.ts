// AnswerEvent → server-sent event (WHATWG HTML, section 9.2), and a stream of such that notices a reader leaving.
import type { StoredEvent } from '../../core/types.ts'
import { toWire } from './wire.ts'

const HEARTBEAT_MS = 15_000

export async function* toSse(events: AsyncIterable<StoredEvent>): AsyncGenerator<string> {
  for await (const event of events) yield eventText(event)
}

/** One event as text. JSON has no raw line breaks, so one `data:` line is always enough. */
export function eventText({ seq, event }: StoredEvent): string {
  const { type, ...body } = event
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(toWire(body))}\n\n`
}

/** One chunk of a protocol whose events have neither id nor name, and the end of such a stream. */
export function frame(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\n\n`
}
export const DONE = 'data: [DONE]\n\n'

/**
 * Events as text, as a response. `onLeave` runs once when the reader goes before the last event; `onSlow` when one has
 * taken nothing for so long as there is a heartbeat: their connection will be closed (slow-readers.ts).
 */
export function sseResponse(
  events: AsyncIterable<string>,
  onLeave: () => void,
  onSlow: () => void = () => {},
  heartbeatMs = HEARTBEAT_MS,
): Response {
  const encoder = new TextEncoder()
  const iterator = events[Symbol.asyncIterator]()
  let timer: NodeJS.Timeout | undefined
  const body = new ReadableStream<Uint8Array>({
    // One timer for the whole stream, put off by every event: one for each event cost more than the event.
    start: (controller) => {
      timer = setTimeout(() => {
        // To a reader who does not read nothing is said.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(': still here\n\n'))
        else onSlow()
        timer?.refresh()
      }, heartbeatMs)
    },
    // Pulled, not pushed: a slow reader holds no more than one event in memory.
    pull: async (controller) => {
      let step: IteratorResult<string> = { done: true, value: null }
      try {
        step = await iterator.next()
      } finally {
        if (step.done) clearTimeout(timer)
        else timer?.refresh()
      }
      if (step.done) controller.close()
      else controller.enqueue(encoder.encode(step.value))
    },
    cancel: () => {
      clearTimeout(timer)
      onLeave()
      void iterator.return?.()
    },
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx buffers by default, and a buffered stream is no stream
      'x-accel-buffering': 'no',
    },
  })
}
