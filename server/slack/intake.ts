// The one way in, over HTTP and over Socket Mode: read, kept in the inbox, and only then acknowledged.
import { StoreError } from '../../core/errors.ts'
import type { InboxStore } from '../../core/inbox.ts'
import { readEvent } from './events.ts'
import { readCommand, readInteraction } from './interactions.ts'
import type { Reading } from './reading.ts'

export type Kind = 'event' | 'command' | 'interaction'

/** What Slack is told: nothing but that it has arrived, or an object of its own format. */
export type Acknowledgement = object | null

export type Intake = (kind: Kind, body: unknown) => Promise<Acknowledgement>

export type IntakeDeps = {
  readonly inbox: InboxStore
  readonly library: string
  /** where every message is a question */
  readonly channels: readonly string[]
  /** there is something to do */
  readonly wake: () => void
}

// Slack waits for three seconds, and the way there and back is part of them.
const KEEP_MS = 2_500
const SEARCHING = 'Searching the library …'

/** Throws InputError for what is not Slack's, StoreError when the task is not kept in time: Slack sends it again. */
export function openIntake({ inbox, library, channels, wake }: IntakeDeps): Intake {
  return async (kind, body) => {
    const reading = read(kind, body, channels)
    if (reading.type === 'challenge') return { challenge: reading.challenge }
    if (reading.type === 'reply') return privately(reading.text)
    if (reading.type === 'nothing') return null
    if (await inTime(inbox.keep(library, reading.kept))) wake()
    return kind === 'command' ? privately(SEARCHING) : null
  }
}

function read(kind: Kind, body: unknown, channels: readonly string[]): Reading {
  if (kind === 'event') return readEvent(body, channels)
  return kind === 'command' ? readCommand(body) : readInteraction(body)
}

function privately(text: string): Acknowledgement {
  return { response_type: 'ephemeral', text }
}

/** What comes too late may be kept all the same: the next delivery finds it. */
async function inTime(keeping: Promise<boolean>): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const fault = new StoreError('store-busy', 'The inbox does not take a task in time.', { retryable: true })
  const timer = setTimeout(() => reject(fault), KEEP_MS)
  return await Promise.race([keeping, late]).finally(() => clearTimeout(timer))
}
