// The process that documents are read in: what it may not do, and what becomes of a file that is too much for it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { confinement, openReader } from '../../../ingest/parse/apart.ts'
import { pdfBomb } from '../../support/broken.ts'
import { csv, docx, xlsx } from '../../support/fixtures.ts'

const never = new AbortController().signal
const words = pdfBomb(100, 'BT (x) Tj ET ')

describe('a file that is too much', () => {
  test('is stopped at the deadline, and the next one is read by another process', async () => {
    const reader = openReader({ deadlineMs: 2000 })
    const endless = reader.read('a.pdf', words, never)
    const next = reader.read('a.docx', docx(), never)
    await expect(endless).rejects.toMatchObject({
      name: 'SourceError',
      code: 'too-slow',
      message: 'a.pdf took more than 2 s to read: split it, or save it as plain text',
    })
    expect(await next).toMatchObject({ title: 'Harbour handbook' })
  })

  test('is stopped at the limit of memory, and the next one is read by another process', async () => {
    const reader = openReader({ memoryMb: 200 })
    const endless = reader.read('a.pdf', pdfBomb(200, ' '), never)
    const next = reader.read('a.csv', csv(), never)
    await expect(endless).rejects.toMatchObject({ name: 'SourceError', code: 'too-much-memory' })
    expect(await next).toMatchObject({ title: 'A' })
  })

  test('is given up when the caller does, with the reason of the caller', async () => {
    const reader = openReader()
    await reader.read('a.csv', csv(), never)
    const leaving = new AbortController()
    const reading = reader.read('a.pdf', words, leaving.signal)
    setTimeout(() => leaving.abort(new Error('the reader left')), 100)
    await expect(reading).rejects.toThrow('the reader left')
    expect(await reader.read('a.xlsx', xlsx(), never)).toMatchObject({ title: 'Berth book' })
  })
})

test('is given up as well while its process is being started', async () => {
  const reader = openReader()
  const leaving = new AbortController()
  const reading = reader.read('a.csv', csv(), leaving.signal)
  leaving.abort(new Error('the reader left'))
  await expect(reading).rejects.toThrow('the reader left')
  expect(await reader.read('a.csv', csv(), never)).toMatchObject({ title: 'A' })
})

test('a process without work ends, and the next file starts another', async () => {
  const reader = openReader({ idleMs: 1 })
  for (let i = 0; i < 3; i++) {
    expect(await reader.read('a.csv', csv(), never)).toMatchObject({ title: 'A' })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

describe('the process', () => {
  const child = fileURLToPath(new URL('../../../ingest/parse/apart-child.ts', import.meta.url))
  const tried = (code: string) => {
    const script = `await import(${JSON.stringify(child)}); try { ${code}; console.log('done') } catch (error) { console.log(error.code ?? error.message) }; process.exit()`
    const args = [...confinement(128), '--input-type=module', '-e', script]
    return spawnSync(process.execPath, args, { env: {}, encoding: 'utf8' }).stdout.trim()
  }

  test.each([
    [
      'read a file that is not the program',
      `(await import('node:fs')).readFileSync('/etc/passwd')`,
      'ERR_ACCESS_DENIED',
    ],
    ['write a file', `(await import('node:fs')).writeFileSync(${JSON.stringify(child)}, '')`, 'ERR_ACCESS_DENIED'],
    ['start a program', `(await import('node:child_process')).execFileSync('id')`, 'ERR_ACCESS_DENIED'],
    [
      'open a connection',
      `(await import('node:net')).connect(80, '127.0.0.1')`,
      'a document is read without a network',
    ],
    ['fetch a page', `await fetch('http://127.0.0.1/')`, 'a document is read without a network'],
    [
      'look up a name',
      `(await import('node:dns')).default.lookup('localhost', () => {})`,
      'a document is read without a network',
    ],
  ])('cannot %s', (_, code, found) => {
    expect(tried(code)).toBe(found)
  })

  test('can do what it may, so that the refusals above are no accident', () => {
    expect(tried(`(await import('node:fs')).readFileSync(${JSON.stringify(child)})`)).toBe('done')
  })
})
