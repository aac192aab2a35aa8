// Who may ask a host, how many at once, and how far apart.
import { describe, expect, it } from 'vitest'
import { openTurns } from '../../../ingest/fetch/turns.ts'

const { signal } = new AbortController()

describe('turns', () => {
  it('are two at a host, handed on in the order in which they were asked for', async () => {
    const turns = openTurns()
    const order: number[] = []
    const release = await Promise.all([turns.take('a', signal), turns.take('a', signal)])
    const waiting = [1, 2, 3].map(async (n) => {
      const over = await turns.take('a', signal)
      order.push(n)
      over()
    })
    await turns.take('b', signal)
    expect(order).toEqual([])
    release[0]()
    release[0]()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
  })

  it('begin as far apart as a host asks for, the first one too', async () => {
    const turns = openTurns()
    const began = performance.now()
    turns.slow('a', 50)
    const starts: number[] = []
    for (let n = 0; n < 4; n++) {
      const over = await turns.take('a', signal)
      starts.push(performance.now() - began)
      over()
    }
    // A timer may come a millisecond early.
    expect(starts.map((start, n) => start >= (n + 1) * 50 - 2)).toEqual([true, true, true, true])
  })

  it('are given back by whoever stops waiting', async () => {
    const turns = openTurns()
    turns.slow('a', 60_000)
    const stop = new AbortController()
    const waiting = Promise.allSettled([1, 2, 3].map(() => turns.take('a', stop.signal)))
    stop.abort(new Error('enough'))
    expect((await waiting).map((each) => each.status)).toEqual(['rejected', 'rejected', 'rejected'])
    await expect(turns.take('a', stop.signal)).rejects.toThrow('enough')
  })
})
