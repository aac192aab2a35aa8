// One question to a judge: a prompt filled, a reply that must be of a given form, kept by what it was made of.
import { z } from 'zod'
import { ModelError, type ModelErrorCode } from '../../core/errors.ts'
import type { Generator, Message } from '../../core/ports.ts'
import { loadPrompt, type Prompt } from '../../prompts/load.ts'
import type { Receipt } from '../../server/answer/draft.ts'
import { replyOf } from '../../server/answer/reply.ts'
import { type Files, hashOf, openFiles } from '../cache.ts'

/** What a reply says, or why it cannot be used, in words for the model. */
export type Reading<T> = { readonly value: T } | { readonly fault: string }

export type Spent = { calls: number; kept: number; inputTokens: number; outputTokens: number; costUsd: number }

const names = ['split', 'support', 'nuggets', 'again'] as const
type Name = (typeof names)[number]

/** All that decides a verdict but what is judged: two judges that are equal in this are the same one. */
export const identityShape = z.object({
  model: z.string(),
  parameters: z.record(z.string(), z.number()),
  /** hash by name */
  prompts: z.record(z.string(), z.string()),
})
export type Identity = z.infer<typeof identityShape>

export type Judge = {
  readonly identity: Identity
  /**
   * The prompt `judge-<name>` with its slots filled. Null: unmeasured. A reply that cannot be used is told why, once,
   * and then given up. Throws ModelError when the provider serves nobody: that is not unmeasured, it is still to be done.
   */
  readonly ask: <T>(
    name: Name,
    slots: Readonly<Record<string, string>>,
    read: (reply: string) => Reading<T>,
    signal: AbortSignal,
  ) => Promise<T | null>
  readonly spent: () => Spent
}

export type JudgeOptions = {
  /** what the model is called with besides the messages */
  readonly parameters: Identity['parameters']
  /** folder of the kept replies; may be deleted, or handed on with a run */
  readonly cache: string
}

// A model that thinks aloud needs time, and nobody is waiting for this one reply.
const DEADLINE_MS = 120_000
// About 4,000 tokens, which is what the provider is told as well.
const LONGEST = 16_000

export async function openJudge(generator: Generator, { parameters, cache }: JudgeOptions): Promise<Judge> {
  const loaded = await Promise.all(names.map(async (name) => [name, await loadPrompt(`judge-${name}`)] as const))
  const prompts = Object.fromEntries(loaded) as Record<Name, Prompt>
  const hashes = Object.fromEntries(loaded.map(([name, { hash }]) => [name, hash]))
  const all = { ...parameters, longestCharacters: LONGEST }
  const identity: Identity = { model: generator.model, parameters: all, prompts: hashes }
  const spent: Spent = { calls: 0, kept: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 }
  const replyTo = keptReplies(generator, openFiles(cache, keptShape), spent)
  return {
    identity,
    spent: () => ({ ...spent }),
    ask: async (name, slots, read, signal) => {
      const made = [generator.model, all, prompts[name].hash]
      const messages = prompts[name].fill(slots)
      const first = await replyTo(made, messages, signal)
      if (first === null) return null
      const reading = read(first)
      if ('value' in reading) return reading.value
      const told = [...messages, { role: 'assistant', content: first } as const, ...prompts.again.fill(reading)]
      const second = await replyTo(made, told, signal)
      const last = second === null ? reading : read(second)
      return 'value' in last ? last.value : null
    },
  }
}

const keptShape = z.object({ reply: z.string() })

/** `made`: what decides a reply besides the messages. */
type ReplyTo = (made: readonly unknown[], messages: readonly Message[], signal: AbortSignal) => Promise<string | null>

/** Replies that cannot be used are kept as well: the same run comes out the same, and costs nothing. */
function keptReplies(generator: Generator, files: Files<z.infer<typeof keptShape>>, spent: Spent): ReplyTo {
  const make = async (key: string, messages: readonly Message[], signal: AbortSignal) => {
    const kept = await files.find(key)
    if (kept) {
      spent.kept++
      return kept.reply
    }
    spent.calls++
    const reply = await replyOrNull(generator, messages, (event) => add(spent, event), signal)
    if (reply !== null) await files.keep(key, { reply })
    return reply
  }
  // The same words are asked about once, also by two who ask at the same time.
  const asked = new Map<string, Promise<string | null>>()
  return async (made, messages, signal) => {
    const key = hashOf(JSON.stringify([...made, messages]))
    const reply = asked.get(key) ?? make(key, messages, signal)
    asked.set(key, reply)
    return await reply
  }
}

function add(spent: Spent, event: Parameters<Receipt['spend']>[0]): void {
  spent.inputTokens += event.inputTokens
  spent.outputTokens += event.outputTokens
  spent.costUsd += event.costUsd ?? 0
}

// Faults of this one call. After any other, the next call would fail as well.
const ofOneCall: readonly ModelErrorCode[] = [
  'model-timeout',
  'model-cut-off',
  'model-bad-output',
  'model-context-too-long',
]

async function replyOrNull(
  generator: Generator,
  messages: readonly Message[],
  spend: Receipt['spend'],
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const letter = { name: 'judge', hash: '', messages }
    const limits = { deadlineMs: DEADLINE_MS, longest: LONGEST }
    // Which prompts were sent stands in the run, for all questions alike.
    return await replyOf(generator, letter, limits, { spend, prompted: () => {} }, signal)
  } catch (error) {
    signal.throwIfAborted()
    const isOfOne = error instanceof ModelError && ofOneCall.some((code) => code === error.code)
    if (isOfOne || (error instanceof DOMException && error.name === 'TimeoutError')) return null
    throw error
  }
}

/** The reply as one JSON object of this form, and nothing around it. */
export function readJson<T>(reply: string, shape: z.ZodType<T>): Reading<T> {
  try {
    const parsed = shape.safeParse(JSON.parse(reply))
    if (parsed.success) return { value: parsed.data }
    const [issue] = parsed.error.issues
    return { fault: `"${issue?.path.join('.')}": ${issue?.message}` }
  } catch {
    return { fault: 'it is not one JSON object' }
  }
}

/** Each in the order of the list, so many at a time. After the first fault nothing more is begun. */
export async function inParallel<From, To>(
  all: readonly From[],
  most: number,
  make: (each: From) => Promise<To>,
): Promise<To[]> {
  const made: To[] = []
  // A generator, because leaving its loop by a throw ends it for the other loops as well.
  const entries = (function* () {
    yield* all.entries()
  })()
  const work = async () => {
    for (const [index, each] of entries) made[index] = await make(each)
  }
  await Promise.all(Array.from({ length: most }, work))
  return made
}
