import fc from 'fast-check'
import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5'
import { describe, expect, it } from 'vitest'
import { clip, html, sourceOf } from '../../../eval/html/markup.ts'

describe('markup', () => {
  it('keeps any text as text, between tags and in an attribute', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", '/', '=', 'a', ' ', '!', '-') }),
        ),
        (text) => {
          const [only, ...rest] = parseFragment(sourceOf(html`<b title="${text}">${text}</b>`)).childNodes
          const { attrs, childNodes } = only as DefaultTreeAdapterTypes.Element
          // oxlint-disable-next-line no-control-regex
          const kept = text.replaceAll(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
          expect(rest).toEqual([])
          expect(attrs).toEqual([{ name: 'title', value: kept }])
          expect(childNodes.map((node) => ('value' in node ? node.value : node.nodeName))).toEqual(
            kept === '' ? [] : [kept],
          )
        },
      ),
    )
  })

  it('is what html made, however often it is put into another, and no object that looks like it', () => {
    expect(sourceOf(html`<i>${[html`<b>${'&'}</b>`, 1, null]}</i>`)).toBe('<i><b>&amp;</b>1</i>')
    const lookalike = JSON.parse('{"markup made by html":"<script>"}')
    expect(() => sourceOf(html`${lookalike}`)).toThrow(TypeError)
  })
})

describe('a clipped text', () => {
  it('ends with a whole character', () => {
    expect(clip('abc', 3)).toBe('abc')
    expect(clip('ab🚦de', 4)).toBe('ab…')
    expect(clip('ab🚦de', 5)).toBe('ab🚦…')
  })
})
