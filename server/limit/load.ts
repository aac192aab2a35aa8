// What this process can bear, learned while it works. Nothing is refused that only waits for a moment: how much may be under
// way follows from a queue that stays, and who has no place then waits at the door (door.ts).
//
// Overload is told by waiting time and not by how busy a processor is, as in "Overload Control for Scaling WeChat
// Microservices" (Zhou et al., SoCC 2018). That a queue counts by the least that anybody waited in it is from CoDel
// (Nichols and Jacobson, ACM Queue 2012). How much may be under way is what was finished in a second, times how long it
// may take to work it all off (Little's law).
import type { Traffic } from '../../core/limits.ts'
import { openDoor, type Refusal, type Tier } from './door.ts'

const LOOK_EVERY_MS = 100
/** looks, of which the best counts: half a second */
const LOOKED_BACK = 5
// Of one of the waits of a request, which has up to eight of them: for the event loop, and for each statement.
const LONGEST_WAIT_MS = 50
// How long it takes to work off what is under way; whoever waits longer does so at the door, where questions overtake. At
// four times what a simulated worker can do, 88 % of its time goes into what is done within a second; with 0.5 it is 9 %.
const BACKLOG_SECONDS = 0.3
// Before anything was learned, and never fewer than that.
const [FIRST, LEAST] = [32, 8]
const LEARNING = 0.05
const FORGETTING = 0.01
// Nobody asks, nobody pays.
const REST_MS = 2_000

const tiers: Readonly<Record<Traffic, Tier>> = { evaluation: 0, ingest: 0, search: 1, history: 1, question: 2 }

export type Load = {
  /** What is called when its work is done, or which limiter refuses it, after it has waited in vain. Throws the signal's reason. */
  readonly enter: (traffic: Traffic, signal: AbortSignal) => Promise<Refusal | (() => void)>
}

export type LoadDeps = {
  /** A round trip through all that a request waits for. */
  readonly probe: () => Promise<void>
  readonly now?: () => number
  readonly pause?: (ms: number) => Promise<void>
}

export function openLoad({ probe, now = () => performance.now(), pause = sleep }: LoadDeps): Load {
  const learned = openLearned()
  const door = openDoor(learned.most)
  let finished = 0
  let enteredAt = 0
  let isLooking = false
  const asking = openAsking(probe, now)
  const lookOn = async () => {
    isLooking = true
    for (let began = now(); now() - enteredAt < REST_MS || door.isWaitedAt(); began = now()) {
      asking.begin()
      await pause(LOOK_EVERY_MS)
      const tookMs = now() - began
      const waitMs = asking.waitMs()
      if (waitMs !== null) learned.look(Math.max(waitMs, tookMs - LOOK_EVERY_MS), (finished * 1_000) / tookMs)
      finished = 0
      door.look(now())
    }
    isLooking = false
  }
  const leaving = (tier: Tier) => {
    let isUnderWay = true
    return () => {
      if (!isUnderWay) return
      isUnderWay = false
      finished++
      door.leave(tier, now())
    }
  }
  return {
    enter: async (traffic, signal) => {
      signal.throwIfAborted()
      const tier = tiers[traffic]
      enteredAt = now()
      if (!isLooking) void lookOn()
      const { promise, resolve, reject } = Promise.withResolvers<Refusal | (() => void)>()
      const stepOut = door.knock(tier, now(), (refusal) => resolve(refusal ?? leaving(tier)))
      const leave = () => {
        stepOut()
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', leave, { once: true })
      return await promise.finally(() => signal.removeEventListener('abort', leave))
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
  let perSecond = FIRST / BACKLOG_SECONDS
  return {
    look: (waitMs: number, finishedPerSecond: number) => {
      waits = [...waits, waitMs].slice(-LOOKED_BACK)
      const standing = waits.length < LOOKED_BACK ? 0 : Math.min(...waits)
      // What is finished while nothing waits says how much was asked, and not how much can be done.
      if (standing > LONGEST_WAIT_MS) perSecond += (finishedPerSecond - perSecond) * LEARNING
      else perSecond += (FIRST / BACKLOG_SECONDS - perSecond) * FORGETTING
    },
    /** That may be under way. */
    most: () => Math.max(LEAST, perSecond * BACKLOG_SECONDS),
  }
}

async function sleep(ms: number): Promise<void> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())
}
