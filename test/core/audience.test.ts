// Names are compared in one form, whoever wrote them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { audienceName, audienceNames, isAudienceName, nobody } from '../../core/audience.ts'

describe('the name of a channel or group', () => {
  it.each([
    ['payments', '#Payments'],
    ['payments', ' @payments '],
    ['payments', '##PAYMENTS'],
    ['café', 'CAFE\u0301'],
    ['doe, john "j"', 'Doe, John "J"'],
    ['{a,b}', '{A,B}'],
  ])('is %s however it is written: %s', (name, written) => {
    expect(audienceName(written)).toBe(name)
    expect(isAudienceName(name)).toBe(true)
  })

  it('stays what it is when it is read again, and one that can be a document’s is never that of nobody', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (written) => {
        const name = audienceName(written)
        expect(audienceName(name)).toBe(name)
        expect(audienceName(`#${written}`)).toBe(name)
        expect(name).not.toBe(nobody)
      }),
    )
  })

  it.each(['', '#', ' @ ', 'a\0b', 'a\nb', '\ud800', 'x'.repeat(201)])(
    'is none that is empty, endless or unstorable: %j',
    (written) => {
      expect(audienceNames([written])).toEqual([])
    },
  )

  it('counts once', () => {
    expect(audienceNames(['#a', 'A', '@a', 'b'])).toEqual(['a', 'b'])
  })
})
