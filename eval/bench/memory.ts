// How the memory of this process goes as work is done.

export type Memory = {
  readonly mostBytes: number
  /** bytes of memory for each byte of work, over the second half of it: 0 is flat */
  readonly slope: number
  readonly samples: readonly Sample[]
}

type Sample = { readonly done: number; readonly bytes: number }

export type Course = {
  /** Said as often as one likes. */
  readonly at: (done: number) => void
  readonly end: () => Memory
}

const EVERY_MS = 2_000

export function followMemory(): Course {
  const samples: Sample[] = []
  let done = 0
  const look = () => void samples.push({ done, bytes: process.memoryUsage.rss() })
  const timer = setInterval(look, EVERY_MS)
  return {
    at: (now) => void (done = now),
    end: () => {
      clearInterval(timer)
      look()
      const half = samples.filter((sample) => sample.done >= done / 2)
      return { mostBytes: Math.max(...samples.map(({ bytes }) => bytes)), slope: slopeOf(half), samples }
    },
  }
}

/** Of the line with the least squares. */
export function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length
  const [done, bytes] = [mean((each) => each.done), mean((each) => each.bytes)]
  const squares = mean((each) => (each.done - done) ** 2)
  return squares === 0 ? 0 : mean((each) => (each.done - done) * (each.bytes - bytes)) / squares
}
