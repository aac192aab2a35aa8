// Whom a document is for: read in full, or the document is refused.
import { describe, expect, it } from 'vitest'
import { SourceError } from '../../../core/errors.ts'
import { readPlain } from '../../../ingest/parse/read.ts'

function audienceOf(text: string, source = 'a.md'): readonly string[] | string {
  try {
    return readPlain(source, new TextEncoder().encode(text))!.audience
  } catch (error) {
    if (error instanceof SourceError) return `${error.code}: ${error.message}`
    throw error
  }
}

const front = (lines: string) => `---\ntitle: T\n${lines}\n---\n\nWords.\n`

describe('the audience of a document', () => {
  it.each([
    ['audience: payments', ['payments']],
    ['audience: [payments, oncall]', ['payments', 'oncall']],
    ['audience:\n  - "#Payments"\n  - \'@oncall\'\n  - payments', ['payments', 'oncall']],
    [`audience: ["a, b", "{x}", 'it''s "q"']`, ['a, b', '{x}', `it's "q"`]],
    ['audience: "CAFE\\u0301"', ['café']],
    ['title2: x', []],
    ['# audience: payments', []],
  ])('is read from %j', (lines, names) => {
    expect(audienceOf(front(lines))).toEqual(names)
  })

  it('is read behind what cannot be seen', () => {
    for (const unseen of ['\ufeff\u200b\n', '<!-- a note -->\n\n', '<!-- one\n-->\n<!-- two -->', '%YAML 1.2\n'])
      expect(audienceOf(`${unseen}---\naudience: payments\n---\nWords.\n`)).toEqual(['payments'])
  })

  it('is that of everyone without front matter, also when the text speaks of an audience', () => {
    expect(audienceOf('# Talk\n\nAudience: engineers.\n')).toEqual([])
    expect(audienceOf('<!-- prettier-ignore -->\n# Talk\n\nAudience: engineers.\n')).toEqual([])
    expect(audienceOf('{% raw %}\n\nAudience: engineers.\n')).toEqual([])
    expect(audienceOf('% Talk\n% Somebody\n\nAudience: engineers.\n')).toEqual([])
    expect(audienceOf('---\nbase: &b\n  tags: [x]\n<<: *b\n---\nWords.\n')).toEqual([])
    expect(audienceOf('---\n\nThe audience of this talk was large.\n\n---\n\nMore.\n')).toEqual([])
  })

  it.each([
    ['audience:', 'null'],
    ['audience: #payments', 'null'],
    ['audience: []', '0 names'],
    ['audience: ""', "''"],
    ['audience: "#"', "'#'"],
    ['audience: 7', '7'],
    ['audience: true', 'true'],
    ['audience: {a: b}', "{ a: 'b' }"],
    ['audience: [a, [b]]', "[ 'b' ]"],
    ['audience: [a, null]', 'null'],
    ['audience: payments, oncall', "'payments, oncall'"],
    ['audience: "a\\0b"', "'a\\x00b'"],
    ['audience: &a [*a]', '[ [Circular *1] ]'],
    [`audience: ${'x'.repeat(201)}`, `'${'x'.repeat(79)}…`],
    ['Audience: payments', 'Audience'],
    ['audiences: [payments]', 'audiences'],
    // Not YAML: whatever it was to say, it was not for everyone.
    ['audience: @payments', 'audience: @payments'],
    ['audience: [a\nb: ]', 'audience: [a'],
    ['audience: a\naudience: b', 'audience: a'],
  ])('that cannot be read is a failure that names it: %j', (lines, named) => {
    const failure = audienceOf(front(lines))
    expect(failure).toMatch(/^bad-audience: a\.md has an audience that cannot be read/)
    expect(failure).toContain(named)
  })

  it.each([
    ['of front matter without an end', 'a.md', '---\naudience: payments\n\nWords.\n'],
    ['of front matter that is too long', 'a.md', `---\naudience: payments\nnote: ${'x'.repeat(70_000)}\n---\nWords.\n`],
    ['of one line of braces', 'a.md', '---\n{title: T, audience: payments}\n---\nWords.\n'],
    ['of a question mark', 'a.md', '---\n? audience\n: payments\n---\nWords.\n'],
    ['in TOML', 'a.md', '+++\naudience = ["payments"]\n+++\nWords.\n'],
    ['in JSON', 'a.md', '{ "title": "x", "audience": ["payments"] }\n\n# T\n'],
    ['in JSON of many lines', 'a.md', '{\n  "title": "x",\n  "audience": ["payments"]\n}\n\n# T\n'],
    ['in fenced JSON', 'a.md', ';;;\n{"audience":"payments"}\n;;;\nWords.\n'],
    ['in a comment', 'a.md', '<!--\naudience: payments\n-->\nWords.\n'],
    ['in a comment of one line', 'a.html', '<!-- audience: payments --><p>Words.</p>\n'],
    ['that is merged', 'a.md', '---\nbase: &b\n  audience: payments\n<<: *b\n---\nWords.\n'],
    ['that is merged from a list', 'a.md', '---\nbase: &b {audience: payments}\n<<: [*b]\n---\nWords.\n'],
    ['in a text', 'a.txt', '---\naudience: payments\n---\nWords.\n'],
    ['in HTML', 'a.html', '---\naudience: payments\n---\n<p>Words.</p>\n'],
  ])('is not passed over %s', (_, source, text) => {
    expect(audienceOf(text, source)).toMatch(/^bad-audience: /)
  })
})
