// Cases from readers, asked again: which are still to fill in, which are red and why, which have come out right.
import { AppError } from '../../core/errors.ts'
import type { AnswerDeps } from '../../server/answer/answer.ts'
import { documentsOf, type Learn } from '../command.ts'
import { showQuestions } from '../progress.ts'
import { type Case, readCases } from '../questions.ts'
import { runCase, type Transcript } from '../run.ts'
import { factCoverage } from '../score/facts.ts'
import { citesSource } from '../score/retrieval.ts'
import { type Entry, fileOf, markGreen, readEntries } from './file.ts'

const LIBRARY = 'feedback'

export type CheckPaths = { readonly cases: string; readonly library: string }

type Checked = { readonly entry: Entry; readonly state: 'to fill in' | 'red' | 'green'; readonly notes: string[] }

/** A line per case and a summary; the exit code is 1 when a case is red that had been green. Marks what turned green. */
export async function check(
  { cases, library }: CheckPaths,
  today: string,
  learn: Learn,
  signal: AbortSignal,
): Promise<readonly [lines: string[], exitCode: number]> {
  const entries = await readEntries(cases)
  if (entries.length === 0) return [[`${cases} holds no case yet: npm run eval -- from-feedback`], 0]
  const filled = new Set(entries.filter((entry) => leftOf(entry).length === 0).map(({ line }) => line))
  const tests = await readCases(cases, library, (line) => filled.has(line))
  const deps = await learn(LIBRARY, [library])
  const revisions = await revisionsOf(library, deps)
  const checked: Checked[] = []
  const progress = showQuestions(tests.length)
  try {
    for (const entry of entries) {
      const test = filled.has(entry.line) ? tests.find(({ id }) => id === entry.id) : undefined
      const changes = changesOf(entry, revisions)
      if (test) progress.step(false)
      checked.push(test ? await ask(entry, test, changes, deps, signal) : toFillIn(entry, changes))
    }
  } finally {
    progress.stop()
  }
  const turned = checked.filter(({ entry, state }) => state === 'green' && entry.green === null)
  await markGreen(
    cases,
    turned.map(({ entry }) => entry),
    today,
  )
  return report(checked, turned.length, today)
}

/** What a person has still to say. An answer needs something to be known by; a refusal is known by itself. */
function leftOf({ answerable, sources, facts }: Entry): string[] {
  const left = Object.entries({ answerable, sources, facts }).flatMap(([name, value]) => (value === null ? [name] : []))
  if (left.length > 0 || !answerable || sources?.length || facts?.length) return left
  return ['a source or a fact']
}

function toFillIn(entry: Entry, changes: readonly string[]): Checked {
  return { entry, state: 'to fill in', notes: [leftOf(entry).join(', '), ...changes] }
}

async function ask(
  entry: Entry,
  test: Case,
  changes: readonly string[],
  deps: AnswerDeps,
  signal: AbortSignal,
): Promise<Checked> {
  const faults = await runCase(test, LIBRARY, deps, signal).then(faultsOf, (error: unknown) => {
    if (signal.aborted || !(error instanceof AppError)) throw error
    return [error.message]
  })
  if (faults.length === 0) return { entry, state: 'green', notes: [...changes] }
  const before = entry.green === null ? [] : [`had been green on ${entry.green}`]
  return { entry, state: 'red', notes: [...faults, ...before, ...changes] }
}

/** Why an answer is not the one that the case asks for; nothing when it is. */
function faultsOf({ test, answer }: Transcript): string[] {
  const isRefused = answer.status === 'abstained'
  if (!test.answerable) return isRefused ? [] : ['answers what the library cannot answer']
  if (isRefused) return [`refuses (${answer.reason})`]
  const missing = test.facts.filter((fact) => factCoverage([fact], answer.answer) < 1)
  return [
    ...(test.sources.length > 0 && citesSource(test, answer.citations) === 0 ? ['cites no listed place'] : []),
    ...missing.map((fact) => `does not say ${fact.map((wording) => JSON.stringify(wording)).join(' or ')}`),
  ]
}

async function revisionsOf(library: string, { documents }: AnswerDeps): Promise<ReadonlyMap<string, string>> {
  const learned = await documentsOf(LIBRARY, documents)
  return new Map(learned.map(({ source, revision }) => [fileOf(source, library), revision]))
}

function changesOf({ documents }: Entry, revisions: ReadonlyMap<string, string>): string[] {
  const gone = documents.filter(({ file }) => !revisions.has(file))
  const kept = documents.filter(({ file }) => revisions.has(file))
  const changed = kept.filter(({ file, revision }) => revisions.get(file) !== revision)
  return Object.entries({ 'changed since': changed, 'not in this library': gone }).flatMap(([what, files]) =>
    files.length === 0 ? [] : [`${what}: ${files.map(({ file }) => file).join(', ')}`],
  )
}

function report(checked: readonly Checked[], turned: number, today: string): readonly [string[], number] {
  const lines = checked.map(({ entry, state, notes }) => {
    const since = state === 'green' ? [`first on ${entry.green ?? today}`] : []
    return `${state.padEnd(10)}  ${entry.id}  ${shown(entry.question)}  ${[...since, ...notes].join('; ')}`
  })
  const count = (state: Checked['state']) => checked.filter((each) => each.state === state).length
  const relapsed = checked.filter(({ entry, state }) => state === 'red' && entry.green !== null).length
  const total = `${checked.length} ${checked.length === 1 ? 'case' : 'cases'}`
  const states = `${count('to fill in')} to fill in, ${count('red')} red, ${count('green')} green, ${turned} of them for the first time`
  const worse = relapsed === 0 ? [] : [`${relapsed} ${relapsed === 1 ? 'is' : 'are'} red that had been green.`]
  return [[...lines, '', `${total}: ${states}.`, ...worse], relapsed > 0 ? 1 : 0]
}

/** A reader's words on one line of a terminal, which obeys none of them. */
function shown(question: string): string {
  const line = question.replaceAll(/[\p{C}\s]+/gu, ' ').trim()
  return `“${line.length > 60 ? `${line.slice(0, 59)}…` : line}”`
}
