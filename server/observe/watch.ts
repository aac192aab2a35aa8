// Looking on: whoever counts or traces stands around the ports of the pipeline, and changes nothing of what goes through.
import type { MiddlewareHandler } from 'hono'
import type { Answering, Embedder, Generator, ReplyStore, Store } from '../../core/ports.ts'
import type { Steps } from '../answer/steps.ts'

/** What the pipeline sees of the world. */
export type Ports = {
  readonly store: Store
  readonly embedder: Embedder
  readonly generator: Generator | null
  readonly replies?: ReplyStore
  readonly steps: Steps
}

export type Watch = {
  readonly ports: (ports: Ports) => Ports
  readonly answering: (answering: Answering) => Answering
  /** stands before every other middleware */
  readonly request: MiddlewareHandler
}

/** The same port with some methods in place of its own, wherever it has the others from. */
export function around<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return Object.assign(Object.create(port) as Port, methods)
}

/** The events of another source, each shown to `look` before it is handed on; `end` once, however it ended. */
export async function* lookedAt<Event>(
  events: AsyncIterable<Event>,
  look: (event: Event) => void,
  end: (error: unknown) => void,
): AsyncGenerator<Event> {
  let failure: unknown = null
  try {
    for await (const event of events) {
      look(event)
      yield event
    }
  } catch (error) {
    failure = error
    throw error
  } finally {
    end(failure)
  }
}
