// When an origin is listed again, as a person writes it.

export type Schedule =
  | { readonly type: 'every'; readonly everyMs: number }
  /** minutes after midnight, UTC */
  | { readonly type: 'daily'; readonly minute: number }

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 }

// More often would be a load on others; less often is nobody's schedule.
const SHORTEST_MS = 5 * units.m
const LONGEST_MS = 366 * units.d

/** `every 30m`, `every 6h`, `every 2d`, `daily 03:00`; null for anything else. */
export function parseSchedule(written: string): Schedule | null {
  const every = /^every (\d{1,6})\s?([mhd])$/.exec(written.trim())
  if (every) {
    const everyMs = Number(every[1]) * units[every[2] as keyof typeof units]
    return everyMs >= SHORTEST_MS && everyMs <= LONGEST_MS ? { type: 'every', everyMs } : null
  }
  const daily = /^daily ([01]?\d|2[0-3]):([0-5]\d)$/.exec(written.trim())
  return daily ? { type: 'daily', minute: Number(daily[1]) * 60 + Number(daily[2]) } : null
}

// Enough that sources with one schedule, and many servers, do not all ask at the same moment.
const MOST_JITTER_MS = 5 * units.m
const JITTER = 0.1

/** When a source with this schedule is read next, from now on: whatever was missed is missed once. */
export function nextAt(written: string, now: Date, random = Math.random): Date | null {
  const schedule = parseSchedule(written)
  if (!schedule) return null
  const periodMs = schedule.type === 'every' ? schedule.everyMs : units.d
  const jitterMs = Math.round(random() * Math.min(periodMs * JITTER, MOST_JITTER_MS))
  if (schedule.type === 'every') return new Date(now.getTime() + periodMs + jitterMs)
  const today = Math.floor(now.getTime() / units.d) * units.d + schedule.minute * units.m
  // A minute that began a moment ago is that of tomorrow, also for one that came late by its jitter.
  return new Date((today > now.getTime() ? today : today + units.d) + jitterMs)
}
