// The models: one tiny real call to each, with a deadline, and a failure in the words of who must act.
import type { Config } from '../../core/config.ts'
import { ModelError } from '../../core/errors.ts'
import type { Embedder } from '../../core/ports.ts'
import { openEmbedders } from '../../models/embedders.ts'
import { openAiEmbedder } from '../../models/openai-embedder.ts'
import { openAiGenerator } from '../../models/openai-generator.ts'
import { openStaticEmbedder } from '../../models/static.ts'
import { faultOf, fine, type Finding, look, wrong } from './finding.ts'

// As long as a reader waits for a first word before extracts are served instead.
const DEADLINE_MS = 20_000
// From here on people notice it in every answer.
const SLOW_MS = 5_000

export async function checkGenerator(
  { provider }: Config,
  signal: AbortSignal,
  deadlineMs = DEADLINE_MS,
): Promise<Finding[]> {
  if (!provider) return [fine('none is configured: answers are verbatim extracts')]
  const name = `${provider.chatModel} (CHAT_MODEL)`
  return [
    await timed(name, 'CHAT_MODEL', { signal, deadlineMs }, async (deadline) => {
      // Neither retried nor counted in the budget: a few tokens, and the first fault is the one to hear of.
      const events = openAiGenerator(provider).stream([{ role: 'user', content: 'Say "ok".' }], deadline)
      for await (const event of events) if (event.type === 'text') return
      throw new ModelError(
        'model-bad-output',
        `it ended without a word: see whether ${provider.chatModel} is a chat model`,
      )
    }),
  ]
}

/** The embedder, for its space: null when it cannot be had. */
export async function checkEmbedder(
  { provider, embeddingModel }: Config,
  signal: AbortSignal,
): Promise<{ readonly embedder: Embedder | null; readonly findings: readonly Finding[] }> {
  let embedder: Embedder | null = null
  const isBuiltIn = !provider || !embeddingModel
  const name = isBuiltIn ? 'built-in' : `${embeddingModel} (EMBEDDING_MODEL)`
  const finding = await timed(name, 'EMBEDDING_MODEL', { signal, deadlineMs: DEADLINE_MS }, async (deadline) => {
    embedder = isBuiltIn ? await builtIn(deadline) : await openAiEmbedder({ ...provider, embeddingModel }, deadline)
    return `${embedder.dimensions} numbers`
  })
  return { embedder, findings: [finding] }
}

/** That of a space, without asking anybody; null: nobody here has it. */
export async function embedderOfSpace(
  space: string | null,
  { provider }: Config,
  signal: AbortSignal,
): Promise<Embedder | null> {
  if (space === null) return null
  return await openEmbedders(await openStaticEmbedder(), provider)
    .ofSpace(space, signal)
    .catch(() => null)
}

async function builtIn(signal: AbortSignal): Promise<Embedder> {
  const embedder = await openStaticEmbedder()
  await embedder.embed(['footnote'], 'query', signal)
  return embedder
}

async function timed(
  name: string,
  setting: keyof typeof namesOf,
  { signal, deadlineMs }: { readonly signal: AbortSignal; readonly deadlineMs: number },
  call: (deadline: AbortSignal) => Promise<string | void>,
): Promise<Finding> {
  const began = performance.now()
  const deadline = AbortSignal.timeout(deadlineMs)
  try {
    const more = await call(AbortSignal.any([signal, deadline]))
    const ms = Math.round(performance.now() - began)
    const found = `${name} answers, ${ms} ms${more ? `, ${more}` : ''}`
    return ms < SLOW_MS ? fine(found) : look(found, 'Readers wait that long: is a faster model or server at hand?')
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted)
      return wrong(
        `${name} did not answer within ${deadlineMs / 1000} s`,
        'Look at the provider, or set another model.',
      )
    return explain(name, error, setting)
  }
}

const namesOf = { CHAT_MODEL: 'model', EMBEDDING_MODEL: 'embedding model' } as const

function explain(name: string, error: unknown, setting: keyof typeof namesOf): Finding {
  const found = `${name}: ${faultOf(error)}`
  if (!(error instanceof ModelError)) return wrong(found, 'See the fault: the files of this program may be incomplete.')
  const [said, advice] = split(error.message)
  switch (error.code) {
    case 'model-refused':
      return /\b40[13]\b/.test(said)
        ? wrong(
            `${name}: ${said}, the key is not accepted`,
            'Set OPENAI_API_KEY to a key of this provider that may use this model.',
          )
        : wrong(
            `${name}: ${said}, ${namesOf[setting]} or address is not known there`,
            `Set ${setting} to a name that the provider lists, and check the path of OPENAI_BASE_URL (mostly it ends in /v1).`,
          )
    case 'model-quota-spent':
      return wrong(
        `${name}: ${said}, the quota or credit of this key is spent`,
        'Fill it at the provider, or set another OPENAI_API_KEY.',
      )
    case 'model-rate-limited':
      return look(
        `${name}: ${said}, too many requests`,
        'Wait a moment; when it stays so, ask the provider for a higher limit.',
      )
    case 'model-unavailable':
    case 'model-timeout':
      return wrong(`${name}: ${said}${causeOf(error)}`, connectionRemedy(error))
    default:
      return wrong(`${name}: ${said}`, advice ? sentence(advice) : `Check OPENAI_BASE_URL and ${setting}.`)
  }
}

function causeOf({ cause }: ModelError): string {
  return cause instanceof Error ? ` (${cause.message})` : ''
}

function connectionRemedy(error: ModelError): string {
  const cause = causeOf(error)
  if (/ENOTFOUND|EAI_AGAIN/.test(cause))
    return 'There is no host of that name: correct OPENAI_BASE_URL, or the network of this machine.'
  if (/ECONNREFUSED/.test(cause)) return 'Nothing listens there: start the model server, or correct OPENAI_BASE_URL.'
  if (/CERT|TLS|SSL/i.test(cause))
    return 'Its certificate is not trusted here: NODE_EXTRA_CA_CERTS names that of your company.'
  return 'Look at the status page of the provider, OPENAI_BASE_URL, and whether a firewall lets this machine out.'
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

/** "host answered 401: check the key." → what was said, and what to do. */
function split(message: string): readonly [said: string, advice: string | undefined] {
  const at = message.indexOf(': ')
  return at < 0
    ? [message.replace(/\.$/, ''), undefined]
    : [message.slice(0, at), message.slice(at + 2).replace(/\.$/, '')]
}
