// What this process can bear, learned while it works. Nothing is refused that only waits for a moment: what counts is a
// queue that stays.
//
// Overload is told by waiting time and not by how busy a processor is, and the lowest kinds of work are given up first,
// more of them with each look that finds a queue, fewer with each that does not: as in "Overload Control for Scaling
// WeChat Microservices" (Zhou et al., SoCC 2018). That a queue counts by the least that anybody waited in it is from
// CoDel (Nichols and Jacobson, ACM Queue 2012). How much may be under way is what was finished in a second, times how
// long anybody should wait (Little's law).
import type { Limiter, Traffic } from '../../core/limits.ts'

const LOOK_EVERY_MS = 100
/** looks, of which the best counts: half a second */
const LOOKED_BACK = 5
// Of one of the waits of a request, which has up to eight of them: for the event loop, and for each statement.
const LONGEST_WAIT_MS = 100
// More with each look in a row: a tier is gone within a second of a queue that stays, and hardly touched by one that does
// not; all are back four seconds after the queue. test/server/limit/load.test.ts simulates what comes of these figures.
const [MORE, FEWER] = [0.05, 0.05]
/** of what is under way: how long it takes to work it all off */
const BACKLOG_SECONDS = 0.85
// Before anything was learned, and never fewer than that: a burst is no overload.
const [FIRST, LEAST] = [96, 8]
const LEARNING = 0.05
const FORGETTING = 0.01
// Nobody asks, nobody pays.
const REST_MS = 2_000

const tiers: Readonly<Record<Traffic, 0 | 1 | 2>> = { evaluation: 0, ingest: 0, search: 1, history: 1, question: 2 }
// The last quarter is kept for questions (the "fleet usage load shedder" of Stripe's), and half for whoever waits at all.
const shares = [0.5, 0.75, 1] as const
const QUESTIONS = 2
// Saving a document holds a connection to the database, of which there are ten: a pile of uploads would hold up everybody.
const MOST_THAT_CAN_WAIT = 8

/** Whether one more of this tier may be under way. Lower ones count no more than their share, however many there are. */
export function hasPlace(underWay: readonly number[], tier: 0 | 1 | 2, most: number): boolean {
  if (tier === 0 && (underWay[0] ?? 0) >= MOST_THAT_CAN_WAIT) return false
  const taken = shares.reduce((sum, share, each) => {
    const all = sum + (underWay[each] ?? 0)
    return each < tier ? Math.min(all, share * most) : all
  }, 0)
  return taken < shares[tier] * most
}

export type Load = {
  /** Which limiter refuses it; or what is called when its work is done. */
  readonly enter: (traffic: Traffic) => Limiter | (() => void)
}

export type LoadDeps = {
  /** A round trip through all that a request waits for. */
  readonly probe: () => Promise<void>
  readonly now?: () => number
  readonly pause?: (ms: number) => Promise<void>
  readonly random?: () => number
}

export function openLoad(deps: LoadDeps): Load {
  const { probe, now = () => performance.now(), pause = sleep, random = Math.random } = deps
  const learned = openLearned()
  const underWay: [number, number, number] = [0, 0, 0]
  let finished = 0
  let enteredAt = 0
  let isLooking = false
  const asking = openAsking(probe, now)
  const lookOn = async () => {
    isLooking = true
    // Who is refused now may not come back, and the next ones are to find what it is like then.
    for (let began = now(); now() - enteredAt < REST_MS || learned.dropped(0) > 0; began = now()) {
      asking.begin()
      await pause(LOOK_EVERY_MS)
      const tookMs = now() - began
      const waitMs = asking.waitMs()
      if (waitMs !== null) learned.look(Math.max(waitMs, tookMs - LOOK_EVERY_MS), (finished * 1_000) / tookMs)
      finished = 0
    }
    isLooking = false
  }
  return {
    enter: (traffic) => {
      const tier = tiers[traffic]
      enteredAt = now()
      if (!isLooking) void lookOn()
      if (!hasPlace(underWay, tier, learned.most())) return tier < QUESTIONS ? 'reserve' : 'load'
      if (random() < learned.dropped(tier)) return 'load'
      underWay[tier]++
      let isUnderWay = true
      return () => {
        if (!isUnderWay) return
        isUnderWay = false
        underWay[tier]--
        finished++
      }
    },
  }
}

/** One question at a time to whatever requests wait for. Who has no answer yet knows how long there was none. */
function openAsking(probe: () => Promise<void>, now: () => number) {
  let askedAt = 0
  let waitedMs: number | null = 0
  let isAsking = false
  const ask = async () => {
    isAsking = true
    askedAt = now()
    // A database that is away says so itself, and to everybody: that is no queue.
    waitedMs = await probe().then(
      () => now() - askedAt,
      () => null,
    )
    isAsking = false
  }
  return {
    begin: () => {
      if (!isAsking) void ask()
    },
    /** null: there was nobody. */
    waitMs: () => (isAsking ? now() - askedAt : waitedMs),
  }
}

/** By what each look found: how long the least fortunate had to wait, and how much was finished in a second. */
export function openLearned() {
  let waits: number[] = []
  let dropped = 0
  let inARow = 0
  let perSecond = FIRST / BACKLOG_SECONDS
  return {
    look: (waitMs: number, finishedPerSecond: number) => {
      waits = [...waits, waitMs].slice(-LOOKED_BACK)
      const standing = waits.length < LOOKED_BACK ? 0 : Math.min(...waits)
      inARow = standing > LONGEST_WAIT_MS ? inARow + 1 : 0
      dropped = Math.min(QUESTIONS, Math.max(0, dropped + (inARow > 0 ? MORE * inARow : -FEWER)))
      // What is finished while nothing waits says how much was asked, and not how much can be done.
      if (standing > LONGEST_WAIT_MS / 2) perSecond += (finishedPerSecond - perSecond) * LEARNING
      else perSecond += (FIRST / BACKLOG_SECONDS - perSecond) * FORGETTING
    },
    /** The share of a tier that is refused. Questions are refused for what is under way alone. */
    dropped: (tier: number) => (tier === QUESTIONS ? 0 : Math.min(1, Math.max(0, dropped - tier))),
    /** That may be under way. */
    most: () => Math.max(LEAST, perSecond * BACKLOG_SECONDS),
  }
}

async function sleep(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())
}
