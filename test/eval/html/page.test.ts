// The report of a run, read as a browser reads it.
import fc from 'fast-check'
import { parse } from 'parse5'
import { describe, expect, it } from 'vitest'
import { htmlOf } from '../../../eval/html/page.ts'
import type { Asked, Run } from '../../../eval/record.ts'
import { asked, failed, followed, outcome, refused, runOf, text } from '../../support/shown-run.ts'

type Node = {
  readonly nodeName: string
  readonly value?: string
  readonly childNodes?: readonly Node[]
  readonly attrs?: readonly { readonly name: string; readonly value: string }[]
}

const run = runOf([asked('first'), refused, failed, followed])

function lost(each: Asked): Asked {
  return { ...each, scores: { ...each.scores, hit_5: 0, grounded_correct: 0 } }
}

/** A run in which every other question lost its answer. */
function worse(all: Run): Run {
  return { ...all, questions: all.questions.map((each, at) => (at % 2 === 0 ? lost(each) : each)) }
}

function nodesOf(page: string): Node[] {
  const below = (node: Node): Node[] => [node, ...(node.childNodes ?? []).flatMap(below)]
  return below(parse(page))
}

function attribute(node: Node, name: string): string | undefined {
  return node.attrs?.find((each) => each.name === name)?.value
}

function textOf(node: Node): string {
  return (node.value ?? '') + (node.childNodes ?? []).map(textOf).join('')
}

/** Text as it is seen: in words. */
function wordsOf(page: string, of: (node: Node) => boolean = ({ nodeName }) => nodeName === 'body'): string {
  return nodesOf(page).filter(of).map(textOf).join('\n').replaceAll(/\s+/g, ' ')
}

function hasClass(name: string): (node: Node) => boolean {
  return (node) => attribute(node, 'class')?.split(' ').includes(name) ?? false
}

function bodyOf(page: string, id: string): string {
  return wordsOf(page, (node) => attribute(node, 'id') === `q-${id}`)
}

function refusing(value: number): Run {
  return runOf(Array.from({ length: 9 }, (_, n) => asked(`q${n}`, { scores: { false_refusal: value } })))
}

/** Elements and attributes of a page, without the text. */
function shapeOf(page: string): string {
  return nodesOf(page)
    .filter(({ nodeName }) => nodeName !== '#text')
    .map(({ nodeName, attrs }) =>
      [
        nodeName,
        ...(attrs ?? []).map(({ name, value }) => (name === 'id' || name === 'href' ? name : `${name}=${value}`)),
      ].join(' '),
    )
    .join('\n')
}

/** Every text of a run that its form allows to be any text. */
function poisoned(poison: string): Run {
  const citations = outcome.citations.map((each) => ({
    ...each,
    file: poison,
    title: poison,
    headings: [poison],
    quote: poison,
  }))
  const passages = outcome.passages.map((each) => ({
    ...each,
    file: poison,
    title: poison,
    headings: [poison],
    text: poison,
  }))
  const evidence = [{ start: 100, end: 101, text: poison }]
  const answered = {
    ...outcome,
    query: poison,
    reason: poison,
    missing: [poison],
    answer: poison,
    citations,
    passages,
    evidence,
  }
  const asking = {
    kind: poison,
    question: poison,
    history: [{ question: poison, answer: poison }],
    facts: [[poison]],
  }
  const places = [{ file: poison, lines: [1, 1] as [number, number], text: poison }]
  const scores = { [`x${poison}`]: 1, grounded_correct: 1 }
  const more = { cluster: poison, ...asking, places, scores }
  return runOf(
    [
      asked(poison, { ...more, outcome: answered }),
      asked(`${poison}2`, { ...more, outcome: { ...answered, status: 'abstained' } }),
      asked(`${poison}3`, { ...more, fault: poison, outcome: null }),
    ],
    {
      name: poison,
      set: { file: poison, hash: poison },
      library: { folder: poison, hash: poison },
      environment: { node: poison, commit: poison, product: poison },
      options: { [`o${poison}`]: poison },
    },
  )
}

describe('the page', () => {
  const page = htmlOf(run, worse(run))

  it('is the same, byte by byte, for the same runs', () => {
    expect(htmlOf(structuredClone(run), worse(run))).toBe(page)
  })

  it('asks for nothing and runs nothing', () => {
    const nodes = nodesOf(page)
    const names = new Set(nodes.map(({ nodeName }) => nodeName))
    for (const name of ['script', 'img', 'link', 'iframe', 'object', 'form', 'base']) expect(names).not.toContain(name)
    const policy = nodes.find((node) => attribute(node, 'http-equiv') === 'Content-Security-Policy')
    expect(attribute(policy!, 'content')).toMatch(/^default-src 'none'; style-src 'unsafe-inline';/)
    expect(page).not.toMatch(/url\(|@import|https?:/)
    const links = nodes.flatMap((node) => attribute(node, 'href') ?? [])
    const ids = nodes.flatMap((node) => attribute(node, 'id') ?? [])
    expect(links.filter((link) => !link.startsWith('#') || !ids.includes(link.slice(1)))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has its headings in order, none left out', () => {
    const levels = nodesOf(page).flatMap(({ nodeName }) => (/^h[1-6]$/.test(nodeName) ? [Number(nodeName[1])] : []))
    expect(levels[0]).toBe(1)
    expect(levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1)).toEqual([])
  })

  it('names every button, chart and column', () => {
    const nodes = nodesOf(page)
    const charts = nodes.filter(({ nodeName }) => nodeName === 'svg').filter((node) => !hasClass('bar')(node))
    expect(charts.length).toBeGreaterThan(0)
    for (const chart of charts) expect(attribute(chart, 'aria-label')).toMatch(/\w/)
    const radios = nodes.filter((node) => attribute(node, 'type') === 'radio')
    const labels = nodes.filter(({ nodeName }) => nodeName === 'label')
    expect(labels.map(textOf).every((label) => /\w/.test(label))).toBe(true)
    expect(labels).toHaveLength(radios.length)
  })

  it('is made of a run without a question', () => {
    const empty = htmlOf(runOf([]), null)
    expect(wordsOf(empty)).toContain('grounded_correct was not measured')
    expect(empty).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('never shows what is no number', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/)
    expect(htmlOf(runOf([failed]), runOf([failed]))).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })
})

describe('a question', () => {
  const page = htmlOf(run, null)

  it('shows quotes beside each statement, a shared one beside both', () => {
    const rows = nodesOf(page).filter(({ nodeName }) => nodeName === 'li')
    const rowOf = (words: string) => rows.map(textOf).find((row) => row.trim().startsWith(words))
    const quote = 'Stripe’s limiter 🚦 uses a token bucket.'
    expect(rowOf('Stripe uses a token bucket.')).toMatch(new RegExp(`supported[^]*\\[1\\][^]*${quote}`))
    expect(rowOf('It is a bucket of tokens.')).toMatch(new RegExp(`partial[^]*\\[1\\][^]*${quote}`))
    expect(rowOf('Bursts are held.')).toMatch(/unsupported[^]*\[1\][^]*\[2\][^]*not there/)
    expect(rowOf('Hello there.')).toContain('belongs to no statement')
  })

  it('says of a quote that it is not what is stored, or from elsewhere', () => {
    expect(bodyOf(page, 'first').match(/not the stored words outside of its passage/g)).toHaveLength(1)
  })

  it('names a number that is no citation', () => {
    const statements = [{ start: 0, end: 27, verdict: 'supported' as const, citations: [9] }]
    const stray = runOf([asked('stray', { outcome: { ...outcome, statements } })])
    expect(bodyOf(htmlOf(stray, null), 'stray')).toContain('[9] is no citation of this answer')
  })

  it('marks the listed words and underlines the quoted ones, multi-byte characters whole', () => {
    const [mark] = nodesOf(page).filter(({ nodeName }) => nodeName === 'mark')
    expect(textOf(mark!)).toBe('Stripe’s limiter 🚦 uses a token bucket.')
    expect(mark!.childNodes?.map(({ nodeName }) => nodeName)).toEqual(['u'])
    expect(wordsOf(page, ({ nodeName }) => nodeName === 'span')).toContain(text)
  })

  it('tells which passage holds which listed place, and what was quoted of it', () => {
    expect(bodyOf(page, 'first')).toContain('1. Limits › Limiters score 7.250 ★ holds place 1 quoted by [1] [2]')
    expect(bodyOf(page, 'first')).toContain('stripe.md, line 3: in passage 1')
    expect(bodyOf(page, 'first')).toMatch(/2\. Bread score 1 bread\.md/)
  })

  it('tells which needed facts are said', () => {
    expect(bodyOf(page, 'first')).toContain('✓ token bucket (said)')
    expect(bodyOf(page, 'first')).toContain('✗ leaky bucket or leaking bucket (not said)')
  })

  it('that was refused says why, and what was missing', () => {
    expect(bodyOf(page, 'refused')).toContain('Refused: partly-covered.')
    expect(bodyOf(page, 'refused')).toContain('chess, olympiad')
  })

  it('that could not be answered says why, and is no wrong answer', () => {
    expect(bodyOf(page, 'failed')).toContain('It could not be answered: the answer failed (store-unavailable)')
    expect(wordsOf(page, hasClass('fault'))).not.toContain('✗ wrong')
  })

  it('shows its conversation, what was searched for, its confidence and times', () => {
    const body = bodyOf(page, 'followed')
    expect(body).toContain('What does Grüße 東京 run? Limiters, four of them.')
    expect(body).toContain('which limiter does stripe use')
    expect(body).toContain('Confidence 0.875. Retrieved after 5.0 ms, first text after 7.0 ms, done after 9.5 ms.')
  })

  it('shows a score that was not measured as a dash, and one of an unknown name as any other', () => {
    const scored = runOf([asked('new', { scores: { rouge_l: null, constructor: 0.25, judge_v2: 3.5 } })])
    const body = bodyOf(htmlOf(scored, null), 'new')
    expect(body).toContain('rouge_l – constructor 0.250 judge_v2 3.500')
  })

  it('shows a window of a long passage that holds the marked words, and says how much is left out', () => {
    const long = `${'🚦'.repeat(800_000)}${text}${'b'.repeat(800_000)}`
    const shift = 1_600_000
    const span = { start: 100 + shift, end: 100 + shift + 20 }
    const passages = [{ ...outcome.passages[0]!, span: { start: 100, end: 100 + long.length }, text: long }]
    const citations = [{ ...outcome.citations[0]!, span }]
    const evidence = [{ ...span, text: 'stripe.md' }]
    const page = htmlOf(runOf([asked('long', { outcome: { ...outcome, passages, citations, evidence } })]), null)
    expect(Buffer.byteLength(page)).toBeLessThan(5_000_000)
    expect(wordsOf(page, ({ nodeName }) => nodeName === 'mark')).toBe(text.slice(0, 20))
    expect(page).toMatch(/\d+ of 2400\d+ characters are left out here/)
    expect(page.isWellFormed()).toBe(true)
    expect(page).not.toContain('\ufffd')
  })
})

describe('the summary', () => {
  it('leaves out what was not measured', () => {
    const page = htmlOf(runOf([asked('a'), asked('b', { scores: { hit_5: null, rouge_l: null } })]), null)
    const rows = wordsOf(page, ({ nodeName }) => nodeName === 'tr')
    expect(rows).toMatch(/hit_5 ?1 question 100 % ?\[21 %, 100 %\] –/)
    expect(rows).not.toContain('rouge_l')
  })

  it('compares only questions of the same form', () => {
    const other = { ...run, questions: [asked('first', { hash: 'other' }), refused, asked('gone')] }
    expect(wordsOf(htmlOf(run, other))).toContain('5 questions were not asked by both runs in the same form')
  })

  it('calls a difference worse only when its interval leaves no doubt', () => {
    const many = runOf(Array.from({ length: 40 }, (_, n) => asked(`q${n}`)))
    const few = { ...many, questions: many.questions.map((each, n) => (n < 5 ? worse(run).questions[0]! : each)) }
    const renamed = {
      ...few,
      questions: few.questions.map((each, n) => ({ ...each, id: `q${n}`, hash: `hash of q${n}` })),
    }
    expect(wordsOf(htmlOf(renamed, many), hasClass('headline'))).toContain(
      '−12.5 points against the baseline: within chance',
    )
    expect(wordsOf(htmlOf(worse(many), many), hasClass('headline'))).toContain(
      '−50.0 points against the baseline: worse',
    )
    expect(wordsOf(htmlOf(many, worse(many)), hasClass('headline'))).toContain(
      '+50.0 points against the baseline: better',
    )
  })

  it('knows of which scores less is better', () => {
    expect(wordsOf(htmlOf(refusing(1), refusing(0)), hasClass('measures'))).toMatch(
      /false_refusal ?9 questions, less is better .*worse/,
    )
    expect(wordsOf(htmlOf(refusing(0), refusing(1)), hasClass('measures'))).toMatch(
      /false_refusal ?9 questions, less is better .* better/,
    )
  })
})

describe('flipped questions', () => {
  const lost = asked('lost', { scores: { hit_5: 0, grounded_correct: 0 } })
  const won = asked('won', { scores: { hit_5: 1, grounded_correct: 1 } })
  const before = [
    asked('lost', { scores: { hit_5: 1, grounded_correct: 1 } }),
    asked('won', { scores: { hit_5: 0, grounded_correct: 0 } }),
    asked('same'),
  ]
  const page = htmlOf(runOf([won, lost, asked('same')]), runOf(before))

  it('stand worst first, each with a link to its question', () => {
    const links = nodesOf(page).flatMap((node) =>
      attribute(node, 'href')?.startsWith('#q-') ? [attribute(node, 'href')] : [],
    )
    expect(links).toEqual(['#q-lost', '#q-won'])
    expect(wordsOf(page, hasClass('flips'))).toMatch(/▼ worse .*lost.* hit_5 1 → 0 .*▲ better .*won/)
  })

  it('show what the baseline answered', () => {
    expect(bodyOf(page, 'lost')).toContain('The baseline’s answer Stripe uses a token bucket.')
    expect(bodyOf(page, 'same')).not.toContain('The baseline’s answer')
  })
})

describe('an attack', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '</style><img src=x onerror=alert(1)>',
      '"><svg onload=alert(1)>',
      "' onmouseover='alert(1)",
      '</details></section><h1>All is well</h1>',
      '<!--',
      ']]>',
      '&lt;b&gt;',
      '\u202egold\u0000',
      '\ud800',
      '__proto__',
      'javascript:alert(1)',
    ),
  )

  it('in any text of a run makes no markup: the page has the elements that letters give it', () => {
    fc.assert(
      fc.property(hostile, (poison) => {
        // A name may break behind an underscore, which is an element, too.
        const letters = poison.replaceAll(/[^_]/g, 'x')
        const [page, harmless] = [poison, letters].map((each) => htmlOf(poisoned(each), worse(poisoned(each))))
        expect(shapeOf(page!)).toBe(shapeOf(harmless!))
      }),
      { numRuns: 150 },
    )
  })

  it('by a direction of writing or a control character is shown as what it is', () => {
    const page = htmlOf(poisoned('\u202egold\u0000'), null)
    expect(page).not.toMatch(/[\u202e\0]/)
    expect(page).toContain('\ufffdgold\ufffd')
  })
})
