// The product broken on purpose, through its own seams: does the gate see it, and for the right reason?
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { askAll, type Surface } from '../../eval/asking.ts'
import { type Baseline, baselineOf } from '../../eval/baseline.ts'
import { freshCache } from '../../eval/cache.ts'
import { judge } from '../../eval/gate.ts'
import { openPipeline } from '../../eval/pipeline.ts'
import { showQuestions } from '../../eval/progress.ts'
import { type Case, readCases } from '../../eval/questions.ts'
import { askedOf } from '../../eval/asked.ts'
import type { Asked, Outcome } from '../../eval/record.ts'
import type { Told } from '../../eval/run.ts'
import { random } from '../../eval/stats.ts'
import { select } from '../../eval/set.ts'
import type { Message } from '../../core/ports.ts'
import { ingest } from '../../ingest/ingest.ts'
import { fakeGenerator } from '../../models/fake.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { type AnswerDeps, answerDeps } from '../../server/answer/answer.ts'
import type { Steps } from '../../server/answer/steps.ts'
import { openStore } from '../../store/open.ts'
import { openTestDatabase } from '../support/database.ts'
import { never } from '../support/passages.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = `${root}library`
const set = { file: 'eval/cases/library.jsonl', hash: 'of the set' }

let deps: AnswerDeps
let cases: readonly Case[]
/** of the extracts, and of what the fake model says when it is told how to cite */
let sound: Asked[]
let baseline: Baseline
let spokenBaseline: Baseline

beforeAll(async () => {
  cases = select(await readCases(root + set.file, folder), { sample: '60' })
  const embedder = await openStaticEmbedder()
  const store = await openStore(await openTestDatabase(), 'main', embedder)
  const events = ingest([folder], { documents: store.documents, embedder, library: 'main' }, never)
  for await (const event of events) if (event.type === 'failed') throw new Error(event.message)
  deps = answerDeps(store, { embedder, sentenceEmbedder: embedder, generator: null }, () => {})
  sound = await answersOf(deps)
  baseline = baselineOf({ set, questions: sound })
  spokenBaseline = baselineOf({ set, questions: await answersOf({ ...deps, generator: obedient }) })
})

async function answersOf(deps: AnswerDeps, change = (surface: Surface) => surface, asked = cases): Promise<Asked[]> {
  const { questions } = await askAll(
    asked,
    {
      open: async () => change(await openPipeline('main', folder, deps, never)),
      cache: freshCache(),
      keyOf: ({ id }) => id,
      parallel: 1,
      progress: showQuestions(0),
    },
    never,
  )
  return questions
}

/** What a surface could do to an answer that the pipeline has given. */
function changing(change: (answer: Told) => Told): (surface: Surface) => Surface {
  return (surface) => ({
    ...surface,
    ask: async (test, signal) => {
      const transcript = await surface.ask(test, signal)
      return { ...transcript, answer: change(transcript.answer) }
    },
  })
}

function reasonsOf(questions: readonly Asked[], against = baseline): readonly string[] {
  return judge({ set, questions: [...questions] }, against).reasons
}

/** Every third sound answer, changed on its way out and scored again: nothing is asked for it. */
function reasonsOfRetold(change: (outcome: Outcome) => Outcome): readonly string[] {
  const few = cases.flatMap((test, at) => (at % 3 === 0 ? [{ test, asked: sound[at] }] : []))
  const retold = few.flatMap(({ test, asked }) =>
    asked?.outcome ? [askedOf(test, { outcome: change(asked.outcome), fault: null })] : [],
  )
  expect(retold).toHaveLength(20)
  const before = few.flatMap(({ asked }) => asked ?? [])
  return reasonsOf(retold, baselineOf({ set, questions: before }))
}

/** Each statement with other words, and the citations that it is given. */
function reworded(outcome: Outcome, reword: (words: string) => string): Outcome {
  let answer = ''
  let from = 0
  const statements = outcome.statements.map((each) => {
    answer += outcome.answer.slice(from, each.start)
    const start = answer.length
    answer += reword(outcome.answer.slice(each.start, each.end))
    from = each.end
    return { ...each, start, end: answer.length }
  })
  return { ...outcome, answer: answer + outcome.answer.slice(from), statements }
}

/** What a passage has, all of it, as one statement after the other. */
function quotingAll({ passages, ...outcome }: Outcome): Outcome {
  let answer = ''
  const quoted = outcome.status === 'answered' ? passages : []
  const statements = quoted.map(({ n, text }) => {
    const start = answer.length
    answer += `${text} [${n}]\n`
    return { start, end: start + text.length, verdict: 'verbatim' as const, citations: [n] }
  })
  const citations = quoted.map(({ text, ...passage }) => {
    const { n, file, title, headings, span } = passage
    return { n, passage: n, file, title, headings, span, quote: text, isValid: true, isInPassage: true }
  })
  return { ...outcome, passages, answer, statements, citations }
}

function citing(outcome: Outcome, citationsOf: (at: number) => readonly number[]): Outcome {
  return {
    ...outcome,
    statements: outcome.statements.map((each, at) => ({ ...each, citations: [...citationsOf(at)] })),
  }
}

const broken = (steps: Partial<Steps>): AnswerDeps => ({ ...deps, steps: { ...deps.steps, ...steps } })

/** Cites as it is told to, and only then: one sentence of the first passage, and two that say too little to be looked up. */
const obedient = fakeGenerator((messages) => {
  const [prompt = '', read = ''] = messages.map(({ content }) => content)
  const mark = prompt.includes(RULE) ? ' [1]' : ''
  const [, first = 'Nothing.'] = /<passage n="1"[^>]*>\s*([^\n]+?[.!?])(?=\s)/.exec(read) ?? []
  const [one = 'it', two = 'that'] = first.match(/\p{L}{6,}/gu) ?? []
  return [`${first.slice(0, -1)}${mark}. It is about ${one}${mark}. It is about ${two}${mark}.`]
})
const RULE = 'End every sentence with the number of the passage that backs it'

const answering: Steps['weigh'] = () => ({ type: 'enough', confidence: 1, parts: [], missing: [] })
const refusing: Steps['weigh'] = () => ({ type: 'too-weak', confidence: 0, reason: 'nothing-relevant', missing: [] })

function forgetful(messages: readonly Message[]): Message[] {
  return messages.map((message) => ({ ...message, content: message.content.replace(RULE, 'End every sentence well') }))
}

describe('the gate goes red', () => {
  it('when passages come in any order, as their sources are not found', async () => {
    const draw = random(3)
    const rerank: Steps['rerank'] = (...found) =>
      deps.steps
        .rerank(...found)
        .map((each) => ({ each, at: draw() }))
        .sort((a, b) => a.at - b.at)
        .map(({ each }) => each)
    const reasons = reasonsOf(await answersOf(broken({ rerank })))
    expect(reasons).toContainEqual(expect.stringMatching(/^hit_5: worse, /))
    expect(reasons).toContainEqual(expect.stringMatching(/^grounded_correct: worse, /))
  })

  it('when spans are off by one on their way out, as the quotes are not the stored text', async () => {
    const moving = changing((answer) => {
      const citations = answer.citations.map((each) => {
        const { start, end } = each.span
        return { ...each, span: { start: start + 1, end: end + 1 } }
      })
      return { ...answer, citations }
    })
    expect(reasonsOf(await answersOf(deps, moving))).toContainEqual(
      expect.stringMatching(/^quote_valid: below 1 on \d\d questions/),
    )
  })

  it('when the stored texts are off by one, as the pipeline then refuses to quote them', async () => {
    const texts: AnswerDeps['texts'] = async (...which) => {
      const document = await deps.texts(...which)
      return { ...document, text: `${document.text.slice(1)} ` }
    }
    expect(reasonsOf(await answersOf({ ...deps, texts }))).toContainEqual(
      expect.stringMatching(/^unscored: 60 questions/),
    )
  })

  it('when everything is answered, as the unanswerable is', async () => {
    const reasons = reasonsOf(await answersOf(broken({ weigh: answering })))
    expect(reasons).toContainEqual(expect.stringMatching(/^answered_unanswerable: (?:worse|a loss beyond)/))
    // What the library does answer is answered as before.
    expect(reasons.filter((reason) => /^(?:hit_5|right_source|false_refusal)/.test(reason))).toEqual([])
  })

  it('when nothing is answered, as the answerable is refused and no quote is left to be checked', async () => {
    const reasons = reasonsOf(await answersOf(broken({ weigh: refusing })))
    expect(reasons).toContainEqual(expect.stringMatching(/^false_refusal: worse, /))
    expect(reasons).toContain('quote_valid: measured on no question')
  })

  it('when the prompt forgets to ask for citations, as a model then gives none', async () => {
    const generator = {
      ...obedient,
      stream: (messages: readonly Message[], signal: AbortSignal) => obedient.stream(forgetful(messages), signal),
    }
    const reasons = reasonsOf(await answersOf({ ...deps, generator }), spokenBaseline)
    expect(reasons).toContainEqual(expect.stringMatching(/^cited_rate: /))
    expect(reasonsOf(await answersOf({ ...deps, generator: obedient }), spokenBaseline)).toEqual([])
  })
})

describe('the gate goes red, by what an answer shows alone,', () => {
  it.each<[string, string, (outcome: Outcome) => Outcome]>([
    ['no sentence has a citation', 'right_source', (said) => ({ ...citing(said, () => []), citations: [] })],
    [
      'every sentence carries the footnote of its neighbour',
      'verbatim_true',
      (said) => citing(said, (at) => said.statements[(at + 1) % said.statements.length]?.citations ?? []),
    ],
    ['every sentence cites the first quote', 'verbatim_true', (said) => citing(said, () => [1])],
    [
      'made-up text follows every sentence as part of it',
      'verbatim_true',
      (said) => reworded(said, (words) => `${words} Elvis invented it in 1875.`),
    ],
    [
      'made-up text stands between the sentences',
      'stated',
      (said) => ({ ...said, answer: said.answer.trim() && `${said.answer} Elvis invented it in 1875.` }),
    ],
    ['every sentence is denied', 'verbatim_true', (said) => reworded(said, (words) => `It is false that ${words}`)],
    [
      'the sentences are said to stand seven characters further on',
      'verbatim_true',
      (said) => ({
        ...said,
        statements: said.statements.map((each) => ({ ...each, start: each.start + 7, end: each.end + 7 })),
      }),
    ],
    ['no marker is shown', 'marked', (said) => ({ ...said, answer: said.answer.replaceAll(/ ?\[\d+\]/g, '') })],
    [
      'the sentences after the first are unlisted',
      'stated',
      (said) => ({ ...said, statements: said.statements.slice(0, 1) }),
    ],
    ['no sentence is listed', 'stated', (said) => ({ ...said, statements: [] })],
    [
      'every quote is cut to six words',
      'verbatim_true',
      (said) => ({
        ...said,
        citations: said.citations.map((each) => {
          const quote = /^(?:\S+\s+){0,5}\S+/.exec(each.quote)?.[0] ?? ''
          return { ...each, quote, span: { ...each.span, end: each.span.start + quote.length } }
        }),
      }),
    ],
    ...(['title', 'file', 'headings'] as const).map((name): [string, string, (said: Outcome) => Outcome] => [
      `every citation has a wrong ${name}`,
      'source_true',
      (said) => ({
        ...said,
        citations: said.citations.map((each) => ({ ...each, [name]: name === 'headings' ? ['wrong'] : 'wrong' })),
      }),
    ]),
    [
      'every verdict is "unsupported"',
      'verbatim_true',
      (said) => ({ ...said, statements: said.statements.map((each) => ({ ...each, verdict: 'unsupported' })) }),
    ],
    ['every answer ends as if it was stopped', 'finished', (said) => ({ ...said, status: 'stopped' })],
    [
      'every answer is said twice',
      'answer_words',
      (said) => {
        const by = said.answer.length + 1
        const again = said.statements.map((each) => ({ ...each, start: each.start + by, end: each.end + by }))
        return { ...said, answer: `${said.answer}\n${said.answer}`, statements: [...said.statements, ...again] }
      },
    ],
    ['every passage is quoted whole', 'answer_words', quotingAll],
  ])('when %s: %s', (_, metric, change) => {
    expect(reasonsOfRetold(change)).toContainEqual(expect.stringMatching(new RegExp(`^${metric}: `)))
  })
})

describe('the gate stays green', () => {
  it('for answers that are scored again', () => {
    expect(reasonsOfRetold((said) => said)).toEqual([])
  })

  it('ten times for ten runs of the same', async () => {
    const few = cases.filter((_, at) => at % 6 === 0)
    const runOfFew = async () => await answersOf(deps, undefined, few)
    const before = baselineOf({ set, questions: await runOfFew() })
    for (let time = 0; time < 10; time++) expect(reasonsOf(await runOfFew(), before)).toEqual([])
  })
})
