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
