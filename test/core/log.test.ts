// What a log line may hold, whoever writes it.
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../core/config.ts'
import { ModelError, StoreError } from '../../core/errors.ts'
import { openLog, type LogOptions } from '../../core/log.ts'

function written(write: (log: ReturnType<typeof openLog>) => void, options: LogOptions = {}): Record<string, unknown> {
  const lines: string[] = []
  write(openLog('info', { ...options, stream: { write: (line) => lines.push(line) } }))
  expect(lines).toHaveLength(1)
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

const coded = (code: string) => Object.assign(new Error('x'), { code })

describe('a log line', () => {
  it('tells of an error its name, code, sentence and place, and the same of its cause', () => {
    const cause = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED', address: '10.1.2.3' })
    const error = new StoreError('store-unavailable', 'The database cannot be reached.', { cause })
    const { err } = written((log) => log.error({ err: error }, 'request failed'))
    expect(err).toMatchObject({
      type: 'StoreError',
      code: 'store-unavailable',
      message: 'The database cannot be reached.',
      cause: { type: 'Error', code: 'ECONNREFUSED', message: 'connection refused' },
    })
    expect(JSON.stringify(err)).not.toContain('10.1.2.3')
  })

  it('tells where a bug happened, and of what did not work outside no more than what and why', () => {
    const stackOf = (error: Error) => JSON.stringify(written((log) => log.error({ err: error }, 'x'))).includes('stack')
    const away = new StoreError('store-unavailable', 'It is away.', { cause: coded('ECONNREFUSED') })
    const broken = new StoreError('store-unavailable', 'It is away.', { cause: new Error('Connection terminated') })
    const limited = new ModelError('model-rate-limited', 'Too much.')
    expect([away, broken, limited, coded('57P01'), coded('53300')].map(stackOf)).toEqual(Array(5).fill(false))
    const refused = new StoreError('store-failed', 'The database refused a statement (42601).')
    const hidden = new StoreError('store-unavailable', 'It is away.', { cause: new TypeError('x is no function') })
    expect([new TypeError('x'), new Error('x'), refused, coded('42601'), hidden].map(stackOf)).toEqual(
      Array(5).fill(true),
    )
    const { err } = written((log) => log.error({ err: new TypeError('x is no function') }, 'x'))
    expect((err as { stack: string }).stack).toMatch(/^at .*log\.test\.ts/)
  })

  it('tells of the copy of an error what it tells of an error', () => {
    const copy = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED', queue: 'documents', rows: ['secret'] }
    expect(written((log) => log.error({ err: copy }, 'x'))['err']).toEqual({
      type: 'Error',
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED',
    })
  })

  it('leaves out what an error carries beside that, and what a parser could not read', () => {
    const error = Object.assign(new SyntaxError('Unexpected token in "my question"'), { input: 'my question' })
    expect(JSON.stringify(written((log) => log.error({ err: error }, 'x')))).not.toContain('my question')
    expect(written((log) => log.error({ err: 'my question' }, 'x'))['err']).toEqual({ type: 'string' })
  })

  it('follows causes that lead in a circle no further than a few', () => {
    const error = new Error('round')
    error.cause = error
    expect(JSON.stringify(written((log) => log.error({ err: error }, 'x'))).match(/round/g)).toHaveLength(5)
  })

  it('lacks every secret of the configuration, in whichever part it is written and however it is escaped', () => {
    const { secrets } = readConfig({
      OPENAI_API_KEY: 'sk-"quoted"\\key',
      DATABASE_URL: 'postgres://footnote:p%40ss-word-1@localhost/footnote',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abcdefgh,x=short',
    })
    expect(secrets).toContain('p@ss-word-1')
    const line = written((log) => log.info({ given: secrets }, secrets.join(' ')), { secrets })
    expect(JSON.stringify(line)).not.toMatch(/quoted|ss-word|abcdefgh/)
    expect(line['msg']).toMatch(/^…( …)*$/)
  })
})
