// Who may parse next: what a document becomes in memory is not seen in its bytes, 50 kB of which may hold 5 MB of text.

/** Says, once, how many characters were parsed. They are given back when the work is over, however it ends. */
export type Hold = (characters: number) => void

export type Gate = <Result>(work: (hold: Hold) => Promise<Result>, signal: AbortSignal) => Promise<Result>

// Text, chunks, terms and vectors of a character take some 25 bytes until they are saved. Of the batches that the store
// saves (store/saving.ts) it is eight. With half as many, nothing is parsed while a file that unpacks to 5 MB is saved.
const MOST_CHARACTERS = 8_000_000

/**
 * In order, one at a time until it says what it holds, and only while what all of them hold is below `most`: so there is
 * never more than that and one document. What is held is saved without the gate, so who waits gets in.
 */
export function openGate(most = MOST_CHARACTERS): Gate {
  const waiting: (() => void)[] = []
  let held = 0
  let isParsing = false
  const letIn = () => {
    if (isParsing || held >= most) return
    const next = waiting.shift()
    isParsing = next !== undefined
    next?.()
  }
  const turn = async (signal: AbortSignal) => {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      const place = waiting.indexOf(resolve)
      if (place < 0) return
      waiting.splice(place, 1)
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    waiting.push(resolve)
    letIn()
    await promise.finally(() => signal.removeEventListener('abort', leave))
  }
  return async (work, signal) => {
    await turn(signal)
    let own: number | null = null
    const hold: Hold = (characters) => {
      own = characters
      held += characters
      isParsing = false
      // The event loop has its turn: small files are parsed in one go.
      setImmediate(letIn)
    }
    try {
      return await work(hold)
    } finally {
      if (own === null) isParsing = false
      else held -= own
      letIn()
    }
  }
}
