// Headings become questions that people would ask, or none.
import { describe, expect, it } from 'vitest'
import type { DocumentText } from '../../../core/ports.ts'
import { candidatesOf } from '../../../server/answer/headed.ts'
import { verbOf } from '../../../server/answer/verbs.ts'

const prose = `In production, Stripe limits requests and Twitter logs what it serves; Airbnb, Lyft, Slack, Quora and Netflix do
likewise, as Khan Academy, GitHub and the BBC have shown. They shard databases in MySQL, keep services small, and measure
layout shift on pages. A bloom filter is a set that may be wrong; bloom filters are small. Round robin is a way to take
two turns. To search for an image, the rate limiters of an api, its load balancers and its clusters, its backend, are written in Go.`

/** A document of this title, with these headings over the same words. */
function document(title: string, headings: readonly (string | readonly [title: string, level: number])[] = []) {
  let text = ''
  const outline = headings.map((each) => {
    const [heading, level] = typeof each === 'string' ? [each, 2] : each
    const start = text.length
    text += `${heading}\n`
    const span = { start, end: start + heading.length }
    text += `${prose}\n\n`
    return { level, title: heading, span }
  })
  const ref = { id: 'doc_1', title, source: 'a.md', url: null, revision: 'r', publishedAt: null, removedAt: null }
  return {
    ...ref,
    text: text || prose,
    outline,
    authors: [],
    boilerplate: [],
    pages: [],
    current: true,
    audience: [],
  } satisfies DocumentText
}

const asked = (title: string, ...headings: (string | readonly [title: string, level: number])[]) =>
  candidatesOf(document(title, headings)).map(({ question }) => question)

describe('a title', () => {
  it.each([
    ['How Stripe Keeps Its API Up With Rate Limiters', 'How does Stripe keep its API up with rate limiters?'],
    ['How GitHub Partitioned Its MySQL Clusters', 'How did GitHub partition its MySQL clusters?'],
    ['How Khan Academy Rewrote Its Backend In Go', 'How did Khan Academy rewrite its backend in Go?'],
    ['How Two Slack Interns Taught Semgrep to Read Hack', 'How did two Slack interns teach semgrep to read hack?'],
    ['How Bloom Filters Work', 'How do bloom filters work?'],
    ['How Image Search works at Lyft', 'How does image search work at Lyft?'],
    ['Why Airbnb is leaving its databases', 'Why is Airbnb leaving its databases?'],
    ['What a Load Balancer Does, and Why You Need One', 'What does a load balancer do?'],
    ['What Happens at Netflix When a Request is Sent', 'What happens at Netflix when a request is sent?'],
    ['Why is MySQL Fast', 'Why is MySQL fast?'],
    ['How to measure layout shift on pages', 'How do you measure layout shift on pages?'],
    ['Sharding Databases at Quora', 'How does Quora shard databases?'],
    ['Observability at Twitter', 'How does Twitter approach observability?'],
    ['MySQL at Quora', 'How does Quora use MySQL?'],
    ['Partitioning GitHub’s Databases', 'How did GitHub partition its databases?'],
    ['Keeping services small', 'How do you keep services small?'],
    ["The Architecture of Airbnb's Services", "What is the architecture of Airbnb's services?"],
    ["Twitter's Load Shedding System", "What is Twitter's load shedding system?"],
    ['An Introduction to Load Balancers', 'What are load balancers?'],
    ['Round Robin', 'What is round robin?'],
  ])('%j asks %j', (title, question) => {
    expect(asked(title)).toEqual([question])
  })

  it.each([
    'Conclusion',
    'Table of Contents',
    'References',
    'Sponsored by Acme | Subscribe now',
    'How We Built It',
    'Stuff The Internet Says On Scalability For March 4th, 2016',
    'EP152: 30 Free APIs for Developers',
    'Keep Things Small',
    'Jitter Spreads The Herd',
    "Airbnb's Journey to TypeScript",
    '000 c6a68dcb9bba635d',
    'Data',
  ])('%j asks nothing', (title) => {
    expect(asked(title)).toEqual([])
  })
})

describe('a heading', () => {
  const title = 'How Netflix Keeps Its Services Small'

  it.each([
    ['Measuring layout shift', 'How does Netflix measure layout shift?'],
    ['What happens after an upload', 'What happens after an upload at Netflix?'],
    ['Two stages', "What are Netflix's two stages?"],
    ['The long-tail problem', "What is Netflix's long-tail problem?"],
    ['Goals for the clusters', 'What are the goals for the clusters at Netflix?'],
    ['Why is this needed?', null],
    ['Results', null],
    ['Summary', null],
    ['Next steps', null],
  ])('%j under a title that names somebody asks %j', (heading, question) => {
    const [, ...parts] = asked(title, heading)
    expect(parts).toEqual(question === null ? [] : [question])
  })

  it('of a file of many articles is asked of its article', () => {
    const questions = asked('Archives', ['How Quora Shards Databases', 1], ['Two stages', 2], ['Results', 1])
    expect(questions).toEqual(['How does Quora shard databases?', "What are Quora's two stages?"])
  })

  it('over next to nothing, or over an advertisement, asks nothing', () => {
    const whole = document('Archives', [
      ['How Quora Shards Databases', 1],
      ['How Lyft Measures Pages', 1],
    ])
    const [first, second] = whole.outline
    const boilerplate = [{ start: first!.span.end, end: second!.span.start }]
    expect(candidatesOf({ ...whole, boilerplate }).map(({ question }) => question)).toEqual([
      'How does Lyft measure pages?',
    ])
  })
})

it.each([
  ['stops', 'stop', 'third'],
  ['planned', 'plan', 'past'],
  ['loaded', 'load', 'past'],
  ['beginning', 'begin', 'gerund'],
  ['identifies', 'identify', 'third'],
  ['caught', 'catch', 'past'],
  ['has', 'have', 'third'],
  ['sharding', 'shard', 'gerund'],
])('%s is a form of %s', (word, base, form) => {
  expect(verbOf(word)).toEqual({ base, form })
})

it('no noun is taken for a verb', () => {
  for (const word of ['architecture', 'problems', 'string', 'speed', 'Netflix']) expect(verbOf(word)).toBeNull()
})
