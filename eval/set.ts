// npm run eval -- --set … --library …: questions over a library, answered by the real pipeline, scored in a table.
import { writeFile } from 'node:fs/promises'
import { halfOf, type OwnCommand, readCount } from './command.ts'
import { readCases } from './questions.ts'
import { type Scored, scoreTranscript, table } from './report.ts'
import { runCase } from './run.ts'

/** Lines of the table; with `out`, one JSON line per question: what was asked, found, answered, and its scores. */
export const scoreSet: OwnCommand = async (paths, { half, only, out, size }, learn, signal) => {
  const cases = (await readCases(paths.set, paths.library)).filter(
    (test) => (!half || halfOf(test.id) === half) && (!only || test.kind === only),
  )
  // One library per size: in a database that stays, what was cut to another size would count as unchanged.
  const library = size ? `eval-${readCount('size', size)}` : 'eval'
  const deps = await learn(library, [paths.library], size ? { chunkSize: Number(size) } : {})
  const scored: Scored[] = []
  for (const test of cases) scored.push(scoreTranscript(await runCase(test, library, deps, signal)))
  if (out) await writeFile(out, scored.map(toLine).join(''))
  return table(scored)
}

function toLine({ test, answer, passages, ...scores }: Scored): string {
  const { id, kind, question, gold } = test
  const shown = passages.map(({ n, headings, text, score }) => ({ n, headings, score, text }))
  return `${JSON.stringify({ id, kind, question, gold, neededFacts: test.facts, answer: answer.answer, reason: answer.reason, query: answer.query, ...scores, passages: shown })}\n`
}
