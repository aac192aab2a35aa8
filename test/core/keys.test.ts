import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXAMPLE_SECRET, hashOfKey, idOfKey, isSame, makeKey, weaknessOf } from '../../core/keys.ts'

describe('a key', () => {
  it('is told by its shape, and has 256 bits of its own', () => {
    const made = Array.from({ length: 1_000 }, () => makeKey().text)
    for (const text of made) expect(text).toMatch(/^fn_[0-9A-Za-z]{11}_[0-9A-Za-z]{49}$/)
    expect(new Set(made.map((text) => text.slice(15, 58))).size).toBe(1_000)
  })

  it('names its id, and nothing does that was mistyped, cut or grown', () => {
    const { id, text } = makeKey()
    expect(idOfKey(text)).toBe(id)
    for (let at = 0; at < text.length; at++) {
      const other = text.charAt(at) === 'a' ? 'b' : 'a'
      expect(idOfKey(text.slice(0, at) + other + text.slice(at + 1)), String(at)).toBeNull()
      expect(idOfKey(text.slice(0, at))).toBeNull()
    }
    expect(idOfKey(`${text}a`)).toBeNull()
    expect(idOfKey(` ${text}`)).toBeNull()
  })

  it('is read out of no other text', () => {
    fc.assert(fc.property(fc.string(), (text) => idOfKey(text) === null && idOfKey(`fn_${text}`) === null))
  })

  it('has another hash with another secret', () => {
    const { text } = makeKey()
    expect(hashOfKey(text, 'a')).not.toBe(hashOfKey(text, 'b'))
    expect(isSame(hashOfKey(text, 'a'), hashOfKey(text, 'a'))).toBe(true)
    expect(isSame('a', 'b')).toBe(false)
    expect(isSame('a', 'ab')).toBe(false)
  })
})

describe('a secret', () => {
  it.each([
    ['short', 'has 5 characters'],
    ['please-changeme-please-please-please', 'changeme'],
    ['my-password-is-very-long-and-so-it-is', 'password'],
    ['aaaaaaaabbbbbbbbccccccccdddddddd', 'eight different'],
    [EXAMPLE_SECRET, 'documentation'],
  ])('%s is refused by name', (secret, why) => {
    expect(weaknessOf(secret)).toContain(why)
  })

  it('that openssl makes is good enough', () => {
    expect(weaknessOf('k7Qm0vX3nB9sT2wZ5yL8cF1hJ4rD6gPa+U/e=')).toBeNull()
  })
})
