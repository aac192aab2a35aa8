// npm run bench: how fast documents are learned, searched and answered, on the embedded database or a real Postgres.
import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { AppError } from '../../core/errors.ts'
import { type AnswerDeps, answer, newAnswerId } from '../../server/answer/answer.ts'
import { search } from '../../server/answer/search.ts'
import { openOffline } from '../../server/open.ts'
import { exitCodeOf } from '../exit.ts'
import { quantile } from '../stats.ts'

const usage = `npm run bench -- [--library <folder>] [--questions <file.jsonl>] [--database <postgres://…>] [--rounds 3]
  --questions   one JSON object with a "question" per line; by default the titles of the library's documents`

const LIBRARY = 'bench'

process.exitCode = await exitCodeOf(async () => await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { library: text, questions: text, database: text, rounds: text, help: { type: 'boolean' } },
  })
  if (values.help) return say(usage)
  const offline = await openOffline(values.database, process.stdout)
  try {
    const signal = new AbortController().signal
    const deps = await offline.learn(LIBRARY, [values.library ?? 'library'])
    const questions = values.questions
      ? await readQuestions(values.questions)
      : (await deps.documents.list(LIBRARY, 200)).map(({ title }) => title)
    const rounds = Number(values.rounds ?? 3)
    say(
      `${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${values.database ? 'Postgres' : 'embedded database'}`,
    )
    say(
      await measure(
        'search',
        questions,
        rounds,
        async (question) => void (await search(question, LIBRARY, deps, signal)),
      ),
    )
    say(await measure('answer', questions, rounds, async (question) => await answerOne(question, deps, signal)))
    say(`memory  ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`)
  } finally {
    await offline.close()
  }
}

async function answerOne(text: string, deps: AnswerDeps, signal: AbortSignal): Promise<void> {
  const id = newAnswerId()
  const question = { id, text, library: LIBRARY, conversationId: id, history: [], mode: 'auto' } as const
  for await (const event of answer(question, deps, signal))
    if (event.type === 'error') throw new AppError('bench-failed', `The answer failed (${event.code}).`)
}

/** Each question once to warm up, then `rounds` times. */
async function measure(
  name: string,
  questions: readonly string[],
  rounds: number,
  work: (question: string) => Promise<void>,
): Promise<string> {
  for (const question of questions) await work(question)
  const times: number[] = []
  for (let round = 0; round < rounds; round++)
    for (const question of questions) {
      const began = performance.now()
      await work(question)
      times.push(performance.now() - began)
    }
  const at = (share: number) => `${quantile(times, share).toFixed(1)} ms`
  return `${name}  p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}  (${times.length} calls)`
}

async function readQuestions(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => (JSON.parse(line) as { question: string }).question)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
