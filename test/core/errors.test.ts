// Errors keep what they were made of.
import { describe, expect, it } from 'vitest'
import {
  AppError,
  ConfigError,
  InputError,
  ModelError,
  NotFoundError,
  SourceError,
  StoreError,
} from '../../core/errors.ts'

const cause = new Error('the reason')
const withCause = [
  new AppError('code', 'message', { cause }),
  new NotFoundError('code', 'message', { cause }),
  new StoreError('code', 'message', { cause }),
  new ModelError('model-timeout', 'message', { cause }),
  new SourceError('code', 'a.md', 'message', { cause }),
]
const withoutCause = [
  new AppError('code', 'message'),
  new InputError('code', 'message', 'field'),
  new ConfigError(['one fault']),
  new ModelError('model-timeout', 'message'),
]

describe('an error', () => {
  // A field declared again in a subclass would become a real one and wipe the cause.
  it.each(withCause)('keeps its cause: $name', (error) => {
    expect(error.cause).toBe(cause)
  })

  it.each(withoutCause)('without a cause has none, not an empty one: $name', (error) => {
    expect('cause' in error).toBe(false)
  })

  it.each([...withCause, ...withoutCause])('is an Error of its own name, with code and stack: $name', (error) => {
    expect(error).toBeInstanceOf(AppError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(error.constructor.name)
    expect(error.code).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(error.stack).toContain('errors.test.ts')
  })

  it('may be tried again only when that was said', () => {
    expect(new StoreError('code', 'message').retryable).toBe(false)
    expect(new StoreError('code', 'message', { retryable: true }).retryable).toBe(true)
  })

  it('says what it is about', () => {
    expect(new SourceError('code', 'a.md', 'message').source).toBe('a.md')
    expect(new InputError('code', 'message', 'question').field).toBe('question')
    expect(new InputError('code', 'message').field).toBeNull()
    expect(new ModelError('model-rate-limited', 'message', { retryAfterMs: 5 }).retryAfterMs).toBe(5)
    expect(new ModelError('model-rate-limited', 'message').retryAfterMs).toBeNull()
  })
})
