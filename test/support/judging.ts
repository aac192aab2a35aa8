// A judge that says what a test wants, told by the prompt it was sent, and the runs that it judges.
import type { Generator, Message } from '../../core/ports.ts'
import { newRun, type Outcome, type Run } from '../../eval/record.ts'
import type { Verdict } from '../../eval/judge/support.ts'
import { fakeGenerator } from '../../models/fake.ts'

/** Anything but a string is sent as JSON. Left out: each statement is one claim, all is supported, all is found. */
export type Opinion = {
  readonly split?: (statements: readonly string[]) => unknown
  readonly support?: (claim: string, quotes: readonly string[], messages: readonly Message[]) => unknown
  readonly nuggets?: (facts: number, answer: string) => unknown
}

export type Scripted = { readonly generator: Generator; readonly calls: (readonly Message[])[] }

export function scripted(opinion: Opinion = {}): Scripted {
  const calls: (readonly Message[])[] = []
  const generator = fakeGenerator((messages) => {
    calls.push(messages)
    const reply = replyTo(messages, opinion)
    return [typeof reply === 'string' ? reply : JSON.stringify(reply)]
  })
  return { generator, calls }
}

/** What an OpenAI-compatible server is sent, answered in the same way. */
export function replyTo(messages: readonly Message[], { split, support, nuggets }: Opinion): unknown {
  const asked = messages.find(({ role }) => role === 'user')?.content ?? ''
  const jsons = asked.split('\n').flatMap((line) => /^(?:[A-Z]\w+: |\d+\. |(?=\{))(.+)$/.exec(line)?.[1] ?? [])
  const [first = '', ...others] = jsons.map((json) => JSON.parse(json))
  if (asked.startsWith('Claim: ')) {
    const quotes = others.map(({ text }: { text: string }) => text)
    return (support ?? alwaysFull)(first, quotes, messages)
  }
  if (asked.includes('\nFacts:\n')) return (nuggets ?? allFound)(others.length - 1, others.at(-1))
  return (split ?? eachItself)(others)
}

export function alwaysFull(_claim: string, [quote = '']: readonly string[]): Verdict {
  return { support: 'full', contradicted: false, evidence: quote.slice(0, 12) }
}

export function verdict(support: Verdict['support'], evidence = '', contradicted = false): Verdict {
  return { support, contradicted, evidence }
}

export function eachItself(statements: readonly string[]) {
  return { claims: statements.map((claim, index) => ({ statement: index + 1, claim })) }
}

function allFound(facts: number, answer: string) {
  const found = Array.from({ length: facts }, (_, index) => ({ fact: index + 1, support: 'full', evidence: answer[0] }))
  return { facts: found }
}

type Said = readonly [sentence: string, ...citations: number[]]

/** An answered question: its sentences with the numbers of the quotes they cite. */
export function askedOf(
  id: string,
  said: readonly Said[],
  quotes: readonly string[],
  facts: readonly string[] = [],
): Run['questions'][number] {
  const answer = said.map(([text, ...cited]) => `${text}${cited.map((n) => ` [${n}]`).join('')}`).join('\n')
  return {
    id,
    kind: 'fact',
    cluster: id,
    hash: id,
    answerable: true,
    question: `What of ${id}?`,
    history: [],
    facts: facts.map((fact) => [fact]),
    places: [],
    fault: null,
    outcome: outcomeOf(answer, said, quotes),
    held: { passages: [], citations: [] },
    scores: { own: 1 },
  }
}

function outcomeOf(answer: string, said: readonly Said[], quotes: readonly string[]): Outcome {
  return {
    query: '',
    status: said.length === 0 ? 'abstained' : 'answered',
    reason: null,
    missing: [],
    confidence: null,
    answer,
    statements: said.map(([text, ...citations]) => {
      const start = answer.indexOf(text)
      return { start, end: start + text.length, verdict: 'unchecked', citations }
    }),
    citations: quotes.map((quote, index) => {
      const place = { passage: 1, file: 'a.md', title: 'A', headings: ['B'], span: { start: 0, end: quote.length } }
      return { n: index + 1, ...place, quote, isValid: true, isInPassage: true }
    }),
    passages: [],
    evidence: null,
  }
}

export function runOf(...questions: Run['questions']): Run {
  return newRun({
    name: 'a run',
    set: { file: 'set.jsonl', hash: '' },
    library: { folder: 'library', hash: '' },
    environment: { node: '', commit: null, product: '' },
    options: {},
    questions,
    timingsMs: {},
  })
}
