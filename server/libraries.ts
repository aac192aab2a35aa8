// The libraries that one server has open beside its own: each from the first request for it, the one that was not asked for
// the longest closed when there are too many.
import { AppError } from '../core/errors.ts'

export type Open = {
  readonly app: { readonly drain: (deadlineMs: number) => Promise<void> }
  readonly close: () => void
}

type Limits = { readonly most: number; readonly idleMs: number; readonly drainMs: number }

// 20 MB each at the most, for the signs of half a million chunks (store/signs.ts). An answer takes minutes at the most: what
// nobody has asked for in that time has nothing under way but a long sync, which goes on when it is begun again.
const usual: Limits = { most: 100, idleMs: 10 * 60_000, drainMs: 60_000 }

type Kept<Library> = { readonly opening: Promise<Library>; usedAt: number }

export function openLibraries<Library extends Open>(
  open: (library: string) => Promise<Library>,
  limits: Limits = usual,
) {
  // In the order of their last use.
  const kept = new Map<string, Kept<Library>>()
  return {
    /** Throws what opening it throws, and AppError `too-many-libraries`. */
    of: async (name: string): Promise<Library> => {
      const known = kept.get(name)
      if (!known) makeRoom(kept, limits)
      const its = known ?? { opening: open(name), usedAt: 0 }
      its.usedAt = performance.now()
      kept.delete(name)
      kept.set(name, its)
      try {
        return await its.opening
      } catch (error) {
        // The next request tries again.
        if (kept.get(name) === its) kept.delete(name)
        throw error
      }
    },
    drain: async (deadlineMs: number): Promise<void> => {
      const all = await Promise.allSettled([...kept.values()].map(async ({ opening }) => await opening))
      const opened = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      await Promise.all(opened.map(async ({ app }) => await app.drain(deadlineMs)))
    },
    close: async (): Promise<void> => {
      for (const { opening } of kept.values()) await opening.then(({ close }) => close(), ignore)
      kept.clear()
    },
  }
}

function makeRoom<Library extends Open>(kept: Map<string, Kept<Library>>, { most, idleMs, drainMs }: Limits): void {
  const [oldest] = kept
  if (!oldest || kept.size < most) return
  const [name, { opening, usedAt }] = oldest
  if (performance.now() - usedAt < idleMs)
    throw new AppError('too-many-libraries', 'The server has too many libraries open: try again later.', {
      retryable: true,
    })
  kept.delete(name)
  void leave(opening, drainMs).catch(ignore)
}

async function leave(opening: Promise<Open>, drainMs: number): Promise<void> {
  const { app, close } = await opening
  await app.drain(drainMs)
  close()
}

function ignore(): void {}
