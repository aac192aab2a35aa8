// Changing the embedding model: a second space is filled while the first one is searched, compared with it on questions that
// were asked, and taken in its place in one transaction. A fill that was cut goes on where it stopped: what it has done
// stands in the store.
import { embeddedText } from '../core/embedding.ts'
import { InputError, ModelError } from '../core/errors.ts'
import type { Embedder, SearchStore } from '../core/ports.ts'
import type {
  ChunkToEmbed,
  RecordedQuestion,
  Reembed,
  ReembedEvent,
  ReembedStep,
  SpaceComparison,
  SpaceStore,
} from '../core/spaces.ts'
import { countTokens } from '../core/tokens.ts'
import { usdOf } from './tally.ts'

export type ReembedDeps = {
  readonly spaces: SpaceStore
  readonly search: Pick<SearchStore, 'state'>
  readonly library: string
  /** Of a model, or of a space that there is. Throws ModelError. */
  readonly open: (name: string, signal: AbortSignal) => Promise<Embedder>
  /** The model of a provider that a space is of; null: it is of none. */
  readonly modelOf: (space: string) => string | null
  /** Dollars per million tokens of a space; 0: nothing, and nobody counts them; null: nobody knows. */
  readonly priceOf: (space: string) => number | null
  readonly compare: (
    questions: readonly RecordedQuestion[],
    spaces: { readonly from: string; readonly to: string },
    signal: AbortSignal,
  ) => Promise<SpaceComparison>
}

// What is embedded and saved at once, and lost at most when the process is killed: one call to a provider.
const BATCH = 96
// Nobody knows yet how slow a provider is: of one that takes a second for a text, a whole first batch would be lost by a
// kill within a minute and a half. Doubled while a batch takes no longer than this, halved when it takes much longer.
const FIRST_BATCH = 12
const BATCH_MS = 5_000
// Enough to see a difference, and asked twice within a minute also of a provider.
const COMPARED = 50
// While saves wait. They wait 15 s at most (store/postgres.ts).
const LAST_FEW_MS = 10_000
// Each embeds what was saved since the last one. When all of them find more than a few chunks, saving is the faster.
const TRIES = 20
const SAMPLE = 64
// A chunk of 256 numbers into the embedded database, on a busy machine: 6,477 were planned to take 10.4 s and took 9.9.
const SAVE_MS = 0.6

export function openReembed(deps: ReembedDeps): Reembed {
  return async function* (asked, signal) {
    const { spaces, library } = deps
    if (asked.step === 'list') yield { type: 'spaces', spaces: await spaces.list(library) }
    else if (asked.step === 'back') yield* switchTo(await formerOf(deps), deps, signal)
    else if (asked.step === 'compare') yield { type: 'compared', ...(await compared(asked, deps, signal)) }
    else yield* ofModel[asked.step](asked.model, deps, signal)
  }
}

type Step = (model: string, deps: ReembedDeps, signal: AbortSignal) => AsyncIterable<ReembedEvent>

const ofModel: Readonly<Record<'plan' | 'fill' | 'switch' | 'drop', Step>> = {
  plan: async function* (model, deps, signal) {
    yield await plan(await deps.open(model, signal), deps, signal)
  },
  fill: async function* (model, deps, signal) {
    yield* fill(await deps.open(model, signal), deps, new Set(), signal)
  },
  switch: switchTo,
  drop: async function* (model, deps, signal) {
    yield await drop(model, deps, signal)
  },
}

async function compared(
  { model, questions }: Extract<ReembedStep, { step: 'compare' }>,
  deps: ReembedDeps,
  signal: AbortSignal,
): Promise<SpaceComparison> {
  const { space: to } = await deps.open(model, signal)
  const recorded = questions ?? (await deps.spaces.recorded(deps.library, COMPARED))
  return await deps.compare(recorded, { from: await activeOf(deps), to }, signal)
}

async function activeOf({ search, library }: ReembedDeps): Promise<string> {
  const { space } = await search.state(library)
  if (space === null) throw new InputError('unknown-space', `The library ${library} was never opened.`)
  return space
}

async function formerOf({ spaces, library }: ReembedDeps): Promise<string> {
  const former = (await spaces.list(library)).find((each) => each.former)
  if (!former) throw new InputError('unknown-space', 'There is no space to go back to: npm run reembed -- --list')
  return former.space
}

/** By the name of the space, or of its model: a provider need not be there for what is dropped. */
async function drop(name: string, deps: ReembedDeps, signal: AbortSignal): Promise<ReembedEvent> {
  const known = (await deps.spaces.list(deps.library)).map(({ space }) => space)
  const space = known.includes(name) ? name : (storedSpace(name, known, deps) ?? (await spaceOf(name, deps, signal)))
  await deps.spaces.drop(deps.library, space)
  return { type: 'dropped', space }
}

/** The one space of this model. Null: none is. */
function storedSpace(model: string, known: readonly string[], { modelOf }: ReembedDeps): string | null {
  const [space = null, ...more] = known.filter((each) => modelOf(each) === model)
  if (more.length > 0)
    throw new InputError(
      'unknown-space',
      `There is more than one space of ${model}: name ${[space, ...more].join(' or ')}`,
    )
  return space
}

async function spaceOf(name: string, { open }: ReembedDeps, signal: AbortSignal): Promise<string> {
  try {
    return (await open(name, signal)).space
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    const why = error.message.replace(/\.$/, '')
    throw new InputError(
      'unknown-space',
      `There is no space of ${name} (${why}). See which there are: npm run reembed -- --list`,
    )
  }
}

async function plan(embedder: Embedder, deps: ReembedDeps, signal: AbortSignal): Promise<ReembedEvent> {
  const { spaces, library, priceOf } = deps
  const { space: to } = embedder
  const price = priceOf(to)
  const { chunks, missing } = await spaces.count(library, to)
  let tokens = 0
  let sample: readonly ChunkToEmbed[] = []
  for await (const batch of batches(deps, to, signal)) {
    if (sample.length === 0) sample = batch.slice(0, SAMPLE)
    if (price === 0) break
    tokens += tokensOf(batch)
  }
  // One text of a provider costs nothing worth telling, and its call takes about as long as one of a batch.
  const texts = price === 0 ? sample.map(embeddedText) : ['footnote']
  const began = performance.now()
  if (missing > 0) await embedder.embed(texts, 'document', signal)
  const callMs = performance.now() - began
  const calls = price === 0 ? missing / Math.max(1, texts.length) : Math.ceil(missing / BATCH)
  const ms = Math.round(calls * callMs + missing * SAVE_MS)
  return {
    type: 'planned',
    from: await activeOf(deps),
    to,
    chunks,
    missing,
    tokens,
    usd: usdOf(tokens, price),
    ms,
  }
}

async function* batches(
  { spaces, library }: ReembedDeps,
  space: string,
  signal: AbortSignal,
  size = () => BATCH,
): AsyncGenerator<ChunkToEmbed[]> {
  for (let after = 0; ;) {
    signal.throwIfAborted()
    const batch = await spaces.missing(library, space, after, size())
    if (batch.length === 0) return
    yield batch
    after = batch.at(-1)?.chunkId ?? after
  }
}

/** Of chunks that are saved meanwhile, those with a number above the last one are found by the same walk. */
async function* fill(
  embedder: Embedder,
  deps: ReembedDeps,
  blank: Set<number>,
  signal: AbortSignal,
): AsyncGenerator<ReembedEvent> {
  const { spaces, library, priceOf } = deps
  const { space, dimensions } = embedder
  const price = priceOf(space)
  await spaces.make(space, dimensions)
  const { missing } = await spaces.count(library, space)
  let [done, tokens, size] = [0, 0, FIRST_BATCH]
  const filled = (): ReembedEvent => {
    const usd = usdOf(tokens, price)
    return { type: 'filled', done, total: Math.max(missing, done), tokens, usd }
  }
  yield filled()
  for await (const batch of batches(deps, space, signal, () => size)) {
    const wanted = batch.filter(({ chunkId }) => !blank.has(chunkId))
    if (wanted.length === 0) continue
    const began = performance.now()
    const embedded = await embedder.embed(wanted.map(embeddedText), 'document', signal)
    size = nextSize(size, performance.now() - began)
    const vectors = wanted.flatMap(({ chunkId }, index) => {
      const vector = embedded[index]
      return vector ? [{ chunkId, vector }] : []
    })
    await spaces.fill(library, space, vectors)
    // Without a direction, as in the space of the built-in embedder texts of letters that it does not know.
    for (const { chunkId, vector } of vectors) if (vector.every((value) => value === 0)) blank.add(chunkId)
    done += wanted.length
    tokens += price === 0 ? 0 : tokensOf(wanted)
    yield filled()
  }
}

function nextSize(size: number, tookMs: number): number {
  if (tookMs <= BATCH_MS) return Math.min(BATCH, size * 2)
  return tookMs > 2 * BATCH_MS ? Math.max(1, Math.floor(size / 2)) : size
}

/** What is saved between the end of the fill and the lock of the library is embedded under it, unless it is too much. */
async function* switchTo(model: string, deps: ReembedDeps, signal: AbortSignal): AsyncGenerator<ReembedEvent> {
  const { spaces, library } = deps
  const embedder = await deps.open(model, signal)
  const [from, to] = [await activeOf(deps), embedder.space]
  const blank = new Set<number>()
  for (let tries = from === to ? 0 : TRIES; tries > 0; tries--) {
    yield* fill(embedder, deps, blank, signal)
    const few = AbortSignal.any([signal, AbortSignal.timeout(LAST_FEW_MS)])
    if (await spaces.switch(library, to, blank, async (texts) => await embedder.embed(texts, 'document', few))) break
    if (tries === 1)
      throw new InputError('too-busy', 'More is saved than can be embedded: run the same again when the sync is over.')
  }
  yield { type: 'switched', from, to }
}

function tokensOf(chunks: readonly ChunkToEmbed[]): number {
  return chunks.reduce((sum, each) => sum + countTokens(embeddedText(each)), 0)
}
