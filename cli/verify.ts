// npm run verify: are the stored answers what the stored texts say? Asked over HTTP, so that any reader could do it.
import { Presets, SingleBar } from 'cli-progress'
import { faultsOf, type StoredAnswer, type TextOf } from './compare.ts'
import { type CommandOptions, type Connection, get } from './connect.ts'
import { clean } from './layout.ts'
import { describeProblem } from './print.ts'

const PAGE = 200
// In UTF-16 code units: the texts that one answer cites are mostly those of the next ones, too.
const KEPT_CHARACTERS = 32_000_000

type Fault = { readonly answer: string; readonly fault: string }

/** One answer, or with null every finished one. */
export async function verify(id: string | null, options: CommandOptions): Promise<number> {
  const { connection, json, signal } = options
  const ids = id === null ? await everyId(connection, signal) : [id]
  const faults = await compareAll(ids, options, id === null)
  if (json) process.stdout.write(`${JSON.stringify({ answers: ids.length, faults }, null, 2)}\n`)
  else process.stdout.write(report(ids.length, faults))
  return faults.length > 0 ? 1 : 0
}

async function compareAll(ids: readonly string[], options: CommandOptions, isLong: boolean): Promise<Fault[]> {
  const { connection, json, signal } = options
  const textOf = reading(connection, signal)
  const bar = isLong && process.stderr.isTTY && !json ? openBar(ids.length) : null
  const faults: Fault[] = []
  try {
    for (const id of ids) {
      const answer = await get<StoredAnswer>(connection, `/v1/answers/${encodeURIComponent(id)}`, signal)
      faults.push(...(await faultsOf(answer, textOf)).map((fault) => ({ answer: answer.id, fault })))
      bar?.increment()
    }
  } finally {
    bar?.stop()
  }
  return faults
}

function report(answers: number, faults: readonly Fault[]): string {
  const lines = faults.map(({ answer, fault }) => clean(`${answer}, ${fault}\n`))
  const differences = faults.length === 0 ? 'no differences' : count(faults.length, 'difference')
  return [...lines, `${count(answers, 'answer')} compared with the stored texts: ${differences}\n`].join('')
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

async function everyId(connection: Connection, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = []
  let after: string | null = ''
  while (after !== null) {
    const path: string = `/v1/answers?limit=${PAGE}${after === '' ? '' : `&after=${after}`}`
    const page: Page = await get<Page>(connection, path, signal)
    ids.push(...page.answers.map(({ id }) => id))
    after = page.next
  }
  return ids
}

type Page = { readonly answers: readonly { readonly id: string }[]; readonly next: string | null }

/** Texts of revisions, which never change; all are forgotten when they become too many. */
function reading(connection: Connection, signal: AbortSignal): TextOf {
  const known = new Map<string, string | null>()
  let size = 0
  return async ({ id, revision }) => {
    const path = `/v1/documents/${encodeURIComponent(id)}?revision=${encodeURIComponent(revision)}`
    const kept = known.get(path)
    if (kept !== undefined) return kept
    const response = await connection.request(path, { signal })
    // What is no revision at all is not stored either.
    const isUnknown = response.status === 404 || response.status === 422
    if (!response.ok && !isUnknown) throw await describeProblem(response)
    const text = isUnknown ? null : ((await response.json()) as { text: string }).text
    if (size > KEPT_CHARACTERS) known.clear()
    size = (known.size === 0 ? 0 : size) + (text?.length ?? 0)
    known.set(path, text)
    return text
  }
}

function openBar(total: number): SingleBar {
  const format = '  {bar} {value}/{total} answers · {eta_formatted} left'
  const options = { format, stream: process.stderr, noTTYOutput: false, hideCursor: true, clearOnComplete: true }
  const bar = new SingleBar(options, Presets.shades_classic)
  bar.start(total, 0)
  return bar
}
