// Documents that are given out while nobody takes them.
import { describe, expect, it } from 'vitest'
import type { JobToSend, Queue, Urgency } from '../../core/jobs.ts'
import type { AppError } from '../../core/errors.ts'
import { queuedHands } from '../../ingest/hands.ts'
import type { DocumentTask } from '../../ingest/look.ts'
import { problemOf } from '../../server/http/failure.ts'

const QUIET_MS = 200
const SENTENCE = '1 document waits for a worker, and none is running: npm run worker'

describe('without a worker', { timeout: 30_000 }, () => {
  it('an upload is refused as something to try again, before anything is queued', async () => {
    const { sent, begin } = giving('upload')
    const fault = await begin(new AbortController().signal).catch((error: unknown) => error)
    expect(fault).toMatchObject({ code: 'no-worker', retryable: true })
    expect(sent).toEqual([])
    expect(problemOf(fault)).toMatchObject({ status: 503, code: 'no-worker', title: (fault as AppError).message })
  })

  it('a command ends with how many documents wait', async () => {
    const { begin } = giving('command')
    await expect(begin(new AbortController().signal)).rejects.toMatchObject({ code: 'no-worker', message: SENTENCE })
  })

  it('what nobody waits for goes on waiting, and that is told once', async () => {
    const { told, begin } = giving('rest')
    const leaving = new AbortController()
    const learning = begin(leaving.signal)
    learning.catch(() => null)
    const state = await Promise.race([learning, after(5 * QUIET_MS)])
    expect(state).toBe('waits')
    expect(told).toEqual([SENTENCE])
    leaving.abort()
    await expect(learning).rejects.toThrow()
  })
})

async function after(ms: number): Promise<'waits'> {
  return await new Promise((resolve) => setTimeout(() => resolve('waits'), ms))
}

const nobody = async () => await Promise.reject(new Error('Nobody works here.'))

/** One document, given to a queue that nobody works on. */
function giving(urgency: Urgency) {
  const sent: JobToSend[] = []
  const told: string[] = []
  const queue: Queue = {
    send: async (job) => await Promise.resolve(sent.push(job)),
    collect: async () => await Promise.resolve([]),
    waiting: async () => await Promise.resolve({ workers: 0, documents: sent.length }),
    take: nobody,
    settle: nobody,
    blame: nobody,
    giveUp: nobody,
    work: nobody,
    close: nobody,
  }
  const report = (message: string) => void told.push(message)
  const queued = { library: 'main', sync: 's', urgency, quietMs: QUIET_MS, report }
  const hands = queuedHands(async () => await Promise.resolve(queue), queued)
  const task: DocumentTask = {
    source: 'upload/a.md',
    root: 'upload',
    bytes: Buffer.from('# A'),
    mediaType: null,
    hints: {},
    stored: null,
    seen: null,
    upload: null,
    learning: '',
  }
  return { sent, told, begin: async (signal: AbortSignal) => await hands.learn(task, signal) }
}
