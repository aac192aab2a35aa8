// Who comes in, who waits at the door, and who is sent away. A place that is free goes to the highest kind of work that
// waits for one, in the order of arrival.
//
// A burst is served however long it is at work, and a queue that stays is made short: whoever waits is given up after long
// patience while the queue of their kind was empty a while ago, and after little when it was not. That is the timeout of
// "Fail at Scale" (Maurer, ACM Queue 2015), which has it from CoDel (Nichols and Jacobson, ACM Queue 2012).

export type Tier = 0 | 1 | 2
const tiers = [2, 1, 0] as const
// The last quarter is kept for questions (the "fleet usage load shedder" of Stripe's), and half for whoever waits at all.
const shares = [0.5, 0.75, 1] as const
// Saving a document holds a connection to the database, of which there are ten: a pile of uploads would hold up everybody.
const MOST_THAT_CAN_WAIT = 8

// 200 questions at once, in extracts, were 11 to 17 s of work for two cores that others used as well.
// What is lower must not hold every connection of a proxy meanwhile: at twice what a server could do, 500 that waited kept
// questions from being sent for 2 s (the median).
const PATIENCE_MS = [5_000, 5_000, 20_000] as const
// Together with the backlog behind the door less than the 2 s after which nobody reads an answer.
const SHORT_PATIENCE_MS = 500
/** of one tier; they hold a socket each, and no body */
const ROOM = 256

/** Whether one more of this tier may be under way. Lower ones count no more than their share, however many there are. */
export function hasPlace(underWay: readonly number[], tier: Tier, most: number): boolean {
  if (tier === 0 && (underWay[0] ?? 0) >= MOST_THAT_CAN_WAIT) return false
  const taken = shares.reduce((sum, share, each) => {
    const all = sum + (underWay[each] ?? 0)
    return each < tier ? Math.min(all, share * most) : all
  }, 0)
  return taken < shares[tier] * most
}

/** `reserve`: there are places, and they are kept for others. */
export type Refusal = 'reserve' | 'load'
type Told = (refusal: Refusal | null) => void

type Queue = {
  readonly waiting: Set<{ readonly since: number; readonly told: Told }>
  /** when nobody waited last */
  emptyAt: number
}

export type Door = {
  /** `told` hears once, perhaps at once, whether it is in (null) or sent away; what comes back takes it out of the queue. */
  readonly knock: (tier: Tier, now: number, told: Told) => () => void
  /** One that was let in is done. */
  readonly leave: (tier: Tier, now: number) => void
  /** Lets in and sends away; to be called now and then, because time passes by itself. */
  readonly look: (now: number) => void
  readonly isWaitedAt: () => boolean
}

const newQueue = (): Queue => ({ waiting: new Set(), emptyAt: 0 })

/** `most` that may be under way, as far as is known. */
export function openDoor(most: () => number): Door {
  const underWay: [number, number, number] = [0, 0, 0]
  const queues = [newQueue(), newQueue(), newQueue()] as const
  const refusal = (tier: Tier): Refusal =>
    tier < 2 && underWay.reduce((sum, count) => sum + count) < most() ? 'reserve' : 'load'
  const letIn = (now: number) => {
    for (const tier of tiers) {
      const { waiting } = queues[tier]
      for (const one of waiting) {
        if (!hasPlace(underWay, tier, most())) break
        waiting.delete(one)
        underWay[tier]++
        one.told(null)
      }
      if (waiting.size === 0) queues[tier].emptyAt = now
    }
  }
  const sendAway = (now: number) => {
    for (const tier of tiers) {
      const { waiting, emptyAt } = queues[tier]
      const patienceMs = now - emptyAt > PATIENCE_MS[tier] ? SHORT_PATIENCE_MS : PATIENCE_MS[tier]
      for (const one of waiting) {
        if (now - one.since <= patienceMs) break
        waiting.delete(one)
        one.told(refusal(tier))
      }
    }
  }
  return {
    knock: (tier, now, told) => {
      const { waiting } = queues[tier]
      const one = { since: now, told }
      if (waiting.size === 0) queues[tier].emptyAt = now
      if (waiting.size < ROOM) waiting.add(one)
      else told(refusal(tier))
      letIn(now)
      return () => void waiting.delete(one)
    },
    leave: (tier, now) => {
      underWay[tier]--
      letIn(now)
    },
    look: (now) => {
      letIn(now)
      sendAway(now)
    },
    isWaitedAt: () => queues.some(({ waiting }) => waiting.size > 0),
  }
}
