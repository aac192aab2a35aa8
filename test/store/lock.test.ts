// One process per data directory, known by an operating-system lock that dies with it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../core/errors.ts'
import { lockDirectory, readOwner } from '../../store/lock.ts'
import { temporaryFolder } from '../support/database.ts'
import { type Running, start } from '../support/process.ts'

const script = fileURLToPath(new URL('../support/lock-child.ts', import.meta.url))

describe('the lock of a data directory', () => {
  it('refuses a second holder at once, and names the first by process and address', async () => {
    const dir = await temporaryFolder()
    const child = startHolder(dir, 'http://localhost:3999')
    expect(await firstLine(child)).toBe('locked')
    const began = performance.now()
    const error = refusal(dir)
    expect(performance.now() - began).toBeLessThan(1000)
    expect(error.code).toBe('store-locked')
    expect(error.message).toContain(dir)
    expect(error.message).toContain(`process ${child.pid} (http://localhost:3999)`)
    expect(error.message).not.toContain('secret-token')
    await child.end()
  })

  it('is free as soon as its holder is killed', async () => {
    const dir = await temporaryFolder()
    for (let n = 0; n < 3; n++) {
      const child = startHolder(dir)
      expect(await firstLine(child)).toBe('locked')
      await child.end()
      lockDirectory(dir).release()
    }
  })

  it('goes to exactly one of twenty that start at once', async () => {
    const dir = join(await temporaryFolder(), 'made', 'by', 'them')
    const children = Array.from({ length: 20 }, () => startHolder(dir))
    const answers = await Promise.all(children.map(async (child) => await firstLine(child)))
    expect(answers.filter((line) => line === 'locked')).toHaveLength(1)
    expect(answers.filter((line) => line.startsWith('refused: The data directory'))).toHaveLength(19)
    const winner = children[answers.indexOf('locked')]
    expect(readOwner(dir)?.pid).toBe(winner?.pid)
    await Promise.all(children.map(async (child) => await child.end()))
  })

  it.each(['/etc/hostname', '/etc/hostname/x'])('refuses %s, where a file stands in the way', (dir) => {
    expect(() => lockDirectory(dir)).toThrow('DATA_DIR: /etc/hostname is no folder')
  })

  it.each(['/proc/x', '/proc/x/y'])('refuses %s, which can be no folder', (dir) => {
    const error = refusal(dir)
    expect(error.code).toBe('store-unavailable')
    expect(error.message).toContain(`The data directory ${dir} cannot be used`)
  })

  it('refuses a second holder in the same process, too', async () => {
    const dir = await temporaryFolder()
    const lock = lockDirectory(dir)
    expect(refusal(dir).message).toContain(`process ${process.pid}`)
    lock.release()
    lockDirectory(dir).release()
  })

  it('is not lost when a second holder was refused', async () => {
    const dir = await temporaryFolder()
    const lock = lockDirectory(dir)
    refusal(dir)
    const child = startHolder(dir)
    expect(await firstLine(child)).toContain('refused')
    await child.ended
    lock.release()
  })

  it.each(['', '{"pid":', 'null', '{"pid":"one"}', '\0\0\0\0'])('does not mind %j in owner.json', async (garbage) => {
    const dir = await temporaryFolder()
    const child = startHolder(dir)
    expect(await firstLine(child)).toBe('locked')
    writeFileSync(join(dir, 'owner.json'), garbage)
    expect(readOwner(dir)).toBeNull()
    expect(refusal(dir).message).toContain('in use by another process')
    await child.end()
    const lock = lockDirectory(dir)
    expect(readOwner(dir)?.pid).toBe(process.pid)
    lock.release()
    expect(readOwner(dir)).toBeNull()
  })

  it('that cannot be made says so, and not that somebody holds it', async () => {
    const folder = await temporaryFolder()
    mkdirSync(join(folder, 'odd', 'lock'), { recursive: true })
    mkdirSync(join(folder, 'garbled'))
    writeFileSync(join(folder, 'garbled', 'lock'), 'not a lock file '.repeat(100))
    for (const dir of ['odd', 'garbled']) {
      const error = refusal(join(folder, dir))
      expect(error.code).toBe('store-unavailable')
      expect(error.message).toContain('DATA_DIR')
    }
  })
})

function startHolder(dir: string, url = ''): Running {
  return start(script, [dir, url], {})
}

async function firstLine(child: Running): Promise<string> {
  const [, line = ''] = await child.says(/^(.*)\n/)
  return line
}

function refusal(dir: string): StoreError {
  try {
    lockDirectory(dir).release()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error('the lock was given twice')
}
