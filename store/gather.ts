// Work that comes from many sides at once and costs less when it is done together.
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '../core/errors.ts'

type Rules<One> = {
  /** whether this one may be done together with those before it */
  readonly fits: (batch: readonly One[], next: One) => boolean
  /** how long what had to wait for a batch then waits for more to come */
  readonly lingerMs: number
  /** beside an outage: whether each of them would fail like that by itself */
  readonly isOfAll?: (error: unknown, batch: readonly One[]) => boolean
}

type Waiting<One, Result> = { readonly one: One } & Omit<PromiseWithResolvers<Result>, 'promise'>

/**
 * A function for one, out of one for many. Who comes alone is served at once; what comes while a batch is under way is
 * done in the next, in order. A batch that fails is tried again one by one, so that each is told of its own fault; but
 * not where the database was the fault, or all of them have the same.
 */
export function gather<One, Result>(
  work: (batch: readonly One[]) => Promise<readonly Result[]>,
  rules: Rules<One>,
): (one: One) => Promise<Result> {
  const { fits, lingerMs } = rules
  const waiting: Waiting<One, Result>[] = []
  let isBusy = false
  let onFull: (() => void) | undefined
  const isFull = () => take(waiting, fits).length < waiting.length
  const run = async () => {
    isBusy = true
    while (waiting.length > 0) {
      const batch = take(waiting, fits)
      waiting.splice(0, batch.length)
      await settle(batch, work, rules)
      if (waiting.length === 0 || isFull()) continue
      const { promise: full, resolve } = Promise.withResolvers<void>()
      onFull = resolve
      await Promise.race([full, wait(lingerMs)])
    }
    isBusy = false
  }
  return async (one) => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    waiting.push({ one, resolve, reject })
    if (!isBusy) void run()
    else if (isFull()) onFull?.()
    return await promise
  }
}

/** The first of them, and those behind it that fit. */
function take<One, Result>(waiting: readonly Waiting<One, Result>[], fits: Rules<One>['fits']): Waiting<One, Result>[] {
  const batch: One[] = []
  for (const { one } of waiting) {
    if (batch.length > 0 && !fits(batch, one)) break
    batch.push(one)
  }
  return waiting.slice(0, batch.length)
}

async function settle<One, Result>(
  batch: readonly Waiting<One, Result>[],
  work: (batch: readonly One[]) => Promise<readonly Result[]>,
  rules: Rules<One>,
): Promise<void> {
  const all = batch.map(({ one }) => one)
  try {
    const results = await work(all)
    for (const [index, result] of results.entries()) batch[index]?.resolve(result)
  } catch (error) {
    const isOfAll = (error instanceof StoreError && error.retryable) || rules.isOfAll?.(error, all)
    if (batch.length === 1 || isOfAll) {
      for (const { reject } of batch) reject(error)
      return
    }
    for (const each of batch) await settle([each], work, rules)
  }
}
