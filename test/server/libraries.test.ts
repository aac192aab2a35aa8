// How many libraries a server has open beside its own, and which of them it closes.
import { describe, expect, it } from 'vitest'
import { openLibraries } from '../../server/libraries.ts'

const limits = { most: 2, idleMs: 0, drainMs: 1_000 }

/** Notes what is opened and closed. */
function noted() {
  const notes: string[] = []
  const open = async (name: string) => {
    notes.push(`open ${name}`)
    if (name === 'broken') throw new Error('cannot be opened')
    return await Promise.resolve({
      app: { drain: async () => await Promise.resolve(void notes.push(`drain ${name}`)) },
      close: () => void notes.push(`close ${name}`),
    })
  }
  return { notes, open }
}

describe('the libraries of a server', () => {
  it('are opened once, by however many requests at once', async () => {
    const { notes, open } = noted()
    const libraries = openLibraries(open, limits)
    const [one, two] = await Promise.all([libraries.of('a'), libraries.of('a')])
    expect(one).toBe(two)
    expect(notes).toEqual(['open a'])
  })

  it('are tried again when they could not be opened', async () => {
    const { notes, open } = noted()
    const libraries = openLibraries(open, limits)
    for (let n = 0; n < 2; n++) await expect(libraries.of('broken')).rejects.toThrow('cannot be opened')
    expect(notes).toEqual(['open broken', 'open broken'])
  })

  it('leave when there are too many, the one that was not asked for the longest, drained before it is closed', async () => {
    const { notes, open } = noted()
    const libraries = openLibraries(open, limits)
    for (const name of ['a', 'b', 'a', 'c']) await libraries.of(name)
    await expect.poll(() => notes).toEqual(['open a', 'open b', 'open c', 'drain b', 'close b'])
  })

  it('are refused, not thrown out, while all of them are in use', async () => {
    const { notes, open } = noted()
    const libraries = openLibraries(open, { ...limits, idleMs: 60_000 })
    for (const name of ['a', 'b']) await libraries.of(name)
    await expect(libraries.of('c')).rejects.toMatchObject({ code: 'too-many-libraries', retryable: true })
    expect(notes).toEqual(['open a', 'open b'])
  })

  it('are all drained, and closed once, at the end', async () => {
    const { notes, open } = noted()
    const libraries = openLibraries(open, limits)
    for (const name of ['a', 'b']) await libraries.of(name)
    await libraries.drain(10)
    await libraries.close()
    await libraries.close()
    expect(notes.slice(2)).toEqual(['drain a', 'drain b', 'close a', 'close b'])
  })
})
