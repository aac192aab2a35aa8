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
import type { Asked } from '../../eval/record.ts'
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
let baseline: Baseline
let spokenBaseline: Baseline

beforeAll(async () => {
  cases = select(await readCases(root + set.file, folder), { sample: '60' })
  const embedder = await openStaticEmbedder()
  const store = await openStore(await openTestDatabase(), 'main', embedder)
  const events = ingest([folder], { documents: store.documents, embedder, library: 'main' }, never)
  for await (const event of events) if (event.type === 'failed') throw new Error(event.message)
  deps = answerDeps(store, { embedder, sentenceEmbedder: embedder, generator: null }, () => {})
  baseline = baselineOf({ set, questions: await answersOf(deps) })
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

  it('when an answer loses its citations on the way, as its sentences stand without one', async () => {
    const dropping = changing((answer) => {
      const statements = answer.statements.map((each) => ({ ...each, citations: [] }))
      return { ...answer, statements, citations: [] }
    })
    const reasons = reasonsOf(await answersOf(deps, dropping))
    expect(reasons).toContainEqual(expect.stringMatching(/^right_source: worse, /))
    expect(reasons).toContainEqual(expect.stringMatching(/^cited_rate: /))
  })

  it('when the prompt forgets to ask for citations, as a model then gives none', async () => {
    const generator = {
      ...obedient,
      stream: (messages: readonly Message[], signal: AbortSignal) => obedient.stream(forgetful(messages), signal),
    }
    const reasons = reasonsOf(await answersOf({ ...deps, generator }), spokenBaseline)
    expect(reasons).toContainEqual(expect.stringMatching(/^cited_rate: worse, /))
    expect(reasonsOf(await answersOf({ ...deps, generator: obedient }), spokenBaseline)).toEqual([])
  })
})

describe('the gate stays green', () => {
  it('ten times for ten runs of the same', async () => {
    const few = cases.filter((_, at) => at % 4 === 0)
    const runOfFew = async () => await answersOf(deps, undefined, few)
    const before = baselineOf({ set, questions: await runOfFew() })
    for (let time = 0; time < 10; time++) expect(reasonsOf(await runOfFew(), before)).toEqual([])
  })
})
