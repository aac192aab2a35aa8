// The load test itself: what it counts is what happened.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { delaysIn, tokensIn } from '../../eval/load/figures.ts'
import { lettersIn, nameOf, replyTo } from '../../eval/load/text.ts'
import { temporaryFolder } from '../support/database.ts'
import { start } from '../support/process.ts'
import { isThorough } from '../support/thorough.ts'

const always = { from: 0, to: 1_000 }

function letters(name: string, ...steps: readonly (readonly [letters: number, at: number])[]) {
  return {
    name,
    letters: Uint32Array.from(steps, ([count]) => count),
    at: Float64Array.from(steps, ([, at]) => at),
  }
}

const read = (...come: Parameters<typeof letters>) => ({
  ...letters(...come),
  firstEventMs: 1,
  firstTextMs: 1,
  events: 1,
  end: 'done',
})

describe('the delay of a token', () => {
  it('is counted to the event that brought its last letter, however the text was cut and joined', () => {
    const sent = [letters('a', [4, 10], [9, 60], [12, 110])]
    expect(delaysIn(always, sent, [read('a', [3, 11], [4, 15], [12, 130])])).toEqual([5, 70, 20])
  })

  it('is counted of those alone that were sent in the window and hold a letter', () => {
    const sent = [letters('a', [4, 10], [4, 60], [12, 110])]
    const answers = [read('a', [12, 112])]
    expect(delaysIn({ from: 20, to: 200 }, sent, answers)).toEqual([2])
    expect(tokensIn({ from: 20, to: 200 }, sent)).toBe(2)
  })

  it('has no end when the token never came', () => {
    const sent = [letters('a', [4, 10]), letters('b', [4, 10])]
    expect(delaysIn(always, sent, [read('a', [3, 11])])).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
  })
})

describe('the scripted model', () => {
  it('says sentences of the passages, each with the number of its passage', () => {
    const prompt =
      '<passage n="2" title="Limits">\nFour limiters stand in front of every one of our servers. See [3].\n</passage>'
    const reply = replyTo(prompt, 13)
    expect(reply.slice(0, 12).join('')).toBe(' Four limiters stand in front of every one of our servers [2].')
    expect(reply).toHaveLength(13)
  })

  it('calls every answer by another name, of letters', () => {
    const names = Array.from({ length: 5_000 }, (_, n) => nameOf(n))
    expect(new Set(names).size).toBe(5_000)
    expect(names.every((name) => lettersIn(name) === name.length)).toBe(true)
  })
})

describe('npm run bench load', () => {
  it('gives the figures of real servers', { timeout: 120_000 }, async () => {
    const questions = join(await temporaryFolder(), 'questions.jsonl')
    const asked = ['How does Stripe rate limit requests?', 'which data store does Airbnb put in front of its services?']
    await writeFile(questions, asked.map((question) => JSON.stringify({ question })).join('\n'))
    const flags = ['--streams', '6', '--searches', '5', '--seconds', '4', '--questions', questions, '--json']
    const { ended, stdout, stderr } = start('eval/bench/main.ts', ['load', ...flags], {})
    expect(await ended, stderr()).toBe(0)
    const { figures } = JSON.parse(stdout())
    expect(figures[0]).toMatchObject({ streams: 6, ends: { done: 6 } })
    expect(figures[0].tokensPerSecond).toBeGreaterThan(0)
    expect(figures[0].delayMs.p99).toBeLessThan(Number.POSITIVE_INFINITY)
    expect(figures[0].cpuUsPerToken.server).toBeGreaterThan(0)
    expect(figures[1]).toMatchObject({ searches: 5, failed: 0 })
    expect(figures[1].ms.p50).toBeGreaterThan(0)
  })

  // A minute of two cores, for a figure of which little is certain: once in a while.
  it.runIf(isThorough)(
    'gives what became of each kind of work at a multiple of what the server can do',
    { timeout: 180_000 },
    async () => {
      const flags = ['--overload', '0.3', '--flood', '--seconds', '3', '--json']
      const { ended, stdout, stderr } = start('eval/bench/main.ts', ['load', ...flags], {})
      expect(await ended, stderr()).toBe(0)
      const [{ capacity }, mixed, flood] = JSON.parse(stdout()).figures
      expect(capacity).toBeGreaterThan(0)
      expect(mixed).toMatchObject({ overload: 0.3, kinds: { question: { failed: 0 }, ingest: { failed: 0 } } })
      expect(mixed.kinds.search.succeeded).toBeGreaterThan(0)
      expect(flood.othersFailed).toBe(0)
      expect(flood.flood.refused).toBeGreaterThan(flood.flood.succeeded)
    },
  )

  it.each([
    [['--overload', '0'], '"0" is no number above 0 and at most 20.'],
    [['--seconds', '61'], '--seconds is at most 60.'],
    [['--streams', '2501'], '--streams is at most 2500.'],
    [['--streams', 'many'], '"many" is no whole number above 0.'],
    [['--processes', '2'], 'give --database'],
  ])('refuses %j', async (flags, fault) => {
    const { ended, stderr } = start('eval/bench/main.ts', ['load', ...flags], {})
    expect(await ended).toBe(2)
    expect(stderr()).toContain(fault)
  })
})
