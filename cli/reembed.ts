// npm run reembed: changes the embedding model step by step through whoever holds the store.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Presets, SingleBar } from 'cli-progress'
import { z } from 'zod'
import { AppError, InputError } from '../core/errors.ts'
import type { RecordedQuestion, ReembedEvent, ReembedStep } from '../core/spaces.ts'
import { openLines, timeLeft } from '../ingest/progress.ts'
import { fromWire } from '../server/http/wire.ts'
import type { CommandOptions } from './connect.ts'
import { describeProblem } from './print.ts'
import { comparisonText, planText, spacesText } from './spaces.ts'
import { cutOff, partsOf } from './stream.ts'

export type ReembedAsked = {
  readonly model: string | null
  readonly questions: string | null
  readonly drop: string | null
  readonly back: boolean
  readonly list: boolean
  readonly yes: boolean
  readonly isSwitched: boolean
}

type Of<Type extends ReembedEvent['type']> = Extract<ReembedEvent, { type: Type }>

const CUT =
  'The connection to the server was cut before the end; run the same command again: what was embedded is kept.'

export async function reembed(asked: ReembedAsked, options: CommandOptions): Promise<number> {
  if (asked.list) return tell(await last('spaces', { step: 'list' }, options), options, spacesText)
  if (asked.drop !== null) {
    const dropped = await last('dropped', { step: 'drop', model: asked.drop }, options)
    return tell(dropped, options, ({ space }) => `The vectors of ${space} are gone.`)
  }
  if (asked.back) return tell(await last('switched', { step: 'back' }, options), options, switchedText)
  return await change(asked.model ?? '', asked, options)
}

async function change(model: string, asked: ReembedAsked, options: CommandOptions): Promise<number> {
  const questions = asked.questions === null ? undefined : await readQuestions(asked.questions)
  const planned = await last('planned', { step: 'plan', model }, options)
  say(planText(planned), options)
  if (planned.from === planned.to && planned.missing === 0) {
    return tell(planned, options, () => 'Nothing is to be changed.')
  }
  // A built-in embedder costs nothing: then there is nothing to ask.
  if (planned.missing > 0 && planned.usd !== 0 && !asked.yes) await expectYes('Embed them?', '--yes', options)
  const filled = await last('filled', { step: 'fill', model }, options)
  if (planned.from === planned.to) return tell({ planned, filled }, options, () => 'Every chunk has its vector.')
  const compared = await last('compared', { step: 'compare', model, questions }, options).catch(explained(options))
  if (compared) say(comparisonText(compared), options)
  const isSwitched = asked.isSwitched || (await isAgreed(`Search with ${planned.to} from now on?`, options))
  const switched = isSwitched ? await last('switched', { step: 'switch', model }, options) : null
  return tell({ planned, filled, compared, switched }, options, () =>
    switched
      ? switchedText(switched)
      : `Nothing was switched. To search with it: npm run reembed -- --model ${model} --switch`,
  )
}

/** Whose provider is gone can compare nothing, and has the more reason to switch. */
function explained(options: CommandOptions): (error: unknown) => null {
  return (error) => {
    if (!(error instanceof AppError && error.code.startsWith('model-'))) throw error
    say(`They cannot be compared: ${error.message}`, options)
    return null
  }
}

function switchedText({ from, to }: Of<'switched'>): string {
  if (from === to) return `The library is searched in ${to} already.`
  return `The library is searched in ${to} now. Back to ${from}: npm run reembed -- --back`
}

/** Follows one step to its end; its last event is what came of it. A bar shows how far the embedding is. */
async function last<Type extends ReembedEvent['type']>(
  type: Type,
  step: ReembedStep,
  options: CommandOptions,
): Promise<Of<Type>> {
  const { connection, signal, json } = options
  const response = await connection.request('/v1/reembed', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${connection.token}` },
    body: JSON.stringify(step),
    signal,
  })
  if (!response.ok) throw await describeProblem(response)
  if (!response.body) throw cutOff(CUT)
  const bar = process.stderr.isTTY && !json ? fillBar() : fillLines()
  let found: Of<Type> | null = null
  try {
    for await (const event of events(response.body, signal)) {
      if (event.type === 'filled') bar.step(event)
      if (event.type === type) found = event as Of<Type>
    }
  } finally {
    bar.stop()
  }
  if (!found) throw cutOff(CUT)
  return found
}

type Line = ReembedEvent | { readonly type: 'error'; readonly code: string; readonly message: string }

// What whoever typed the command can put right.
const ofCommand = new Set(['unknown-space', 'space-active', 'too-busy'])

async function* events(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<ReembedEvent> {
  let pending = ''
  for await (const part of partsOf(body.pipeThrough<string>(new TextDecoderStream(), { signal }), CUT, signal)) {
    const lines = (pending + part).split('\n')
    pending = lines.pop() ?? ''
    for (const text of lines) {
      const line = fromWire(JSON.parse(text)) as Line
      if (line.type === 'error')
        throw ofCommand.has(line.code) ? new InputError(line.code, line.message) : new AppError(line.code, line.message)
      yield line
    }
  }
}

type Filling = { readonly step: (filled: Of<'filled'>) => void; readonly stop: () => void }

function fillBar(): Filling {
  const format = '  {bar} {value}/{total} chunks{spent} · {speed} chunks/s · {eta_formatted} left'
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, etaBuffer: 50 },
    Presets.shades_classic,
  )
  const began = performance.now()
  let isBegun = false
  return {
    step: (filled) => {
      const { done, total } = filled
      if (total === 0) return
      const shown = { spent: spentOn(filled), speed: speedOf(done, performance.now() - began) }
      if (!isBegun) bar.start(total, done, shown)
      isBegun = true
      bar.setTotal(total)
      bar.update(done, shown)
    },
    stop: () => {
      if (isBegun) bar.stop()
    },
  }
}

/** Where nobody watches a bar: a line now and then, and how far it came. */
function fillLines(): Filling {
  const began = performance.now()
  let last: Of<'filled'> | null = null
  const line = () => {
    if (last === null || last.total === 0) return null
    const { done, total } = last
    const ms = performance.now() - began
    return `  ${done} of ${total} chunks${spentOn(last)} · ${speedOf(done, ms)} chunks/s${timeLeft(done, total, ms)}`
  }
  const lines = openLines({ stream: process.stderr }, line)
  return {
    step: (filled) => (last = filled),
    stop: () => {
      lines.stop()
      if (lines.wrote()) process.stderr.write(`${line()}\n`)
    },
  }
}

function spentOn({ tokens, usd }: Of<'filled'>): string {
  return tokens === 0 ? '' : ` · ${tokens} tokens${usd === null ? '' : `, $${usd.toFixed(4)}`}`
}

function speedOf(done: number, ms: number): number {
  return Math.round(done / Math.max(0.001, ms / 1000))
}

// Documents by id, or by their file as an eval set names it.
const questionLine = z.object({
  question: z.string().min(1),
  documents: z.array(z.string()).optional(),
  sources: z.array(z.object({ file: z.string() })).optional(),
})

async function readQuestions(path: string): Promise<RecordedQuestion[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new InputError('unreadable', `${path} cannot be read (${error instanceof Error ? error.message : ''}).`)
  })
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      const { question, documents = [], sources = [] } = questionLine.parse(JSON.parse(line))
      const named = [...documents, ...sources.map(({ file }) => file)]
      return [{ question, cited: [...new Set(named)].map((document) => ({ document, spans: [] })) }]
    } catch {
      throw new InputError('bad-question', `${path}, line ${index + 1}: is not {"question": "…", "documents": ["…"]}`)
    }
  })
}

/** Throws InputError where nobody can be asked, or says no. */
async function expectYes(question: string, option: string, options: CommandOptions): Promise<void> {
  if (await isAgreed(question, options)) return
  throw new InputError('not-agreed', `Nothing was embedded. ${option} says yes beforehand.`)
}

async function isAgreed(question: string, { json, signal }: CommandOptions): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim())
  } finally {
    terminal.close()
  }
}

function say(text: string, { json }: CommandOptions): void {
  if (!json) process.stdout.write(`${text}\n`)
}

function tell<Result>(result: Result, { json }: CommandOptions, text: (result: Result) => string): number {
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : text(result)}\n`)
  return 0
}
