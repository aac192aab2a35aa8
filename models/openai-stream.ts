// Reads a chat completion, an event stream or one JSON object: bytes in, text out, and what is known about its end. No
// network in it.
import { createParser, type EventSourceMessage } from 'eventsource-parser'

type CompletionEnd = 'stop' | 'length' | 'content-filter'

/** What bytes add. Deltas that arrive together leave together. */
export type Added = {
  readonly text: string
  /** what no reader sees, but what is paid for: reasoning in the open, the words of a refusal */
  readonly thoughts: string
}

export type CompletionReader = {
  feed(bytes: Uint8Array): Added
  /** The bytes are over: a last event may lack its blank line. */
  close(): Added
  /** null until the model has ended its answer */
  end(): CompletionEnd | null
  usage(): { readonly inputTokens: number; readonly outputTokens: number }
  /** what went wrong in the stream, null while nothing did */
  fault(): StreamFault | null
}

type StreamFault =
  | { readonly type: 'provider'; readonly error: unknown }
  | { readonly type: 'unreadable'; readonly what: string }

type Progress = {
  text: string
  thoughts: string
  end: CompletionEnd | null
  refused: boolean
  usage: { inputTokens: number; outputTokens: number }
  fault: StreamFault | null
}

// What we read of a chunk. All of it may be missing or of another type: compatible servers differ.
type Chunk = {
  readonly error?: unknown
  readonly choices?: readonly {
    readonly delta?: Words | null
    /** in the place of `delta` when the reply is not a stream */
    readonly message?: Words | null
    readonly finish_reason?: unknown
  }[]
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null
} | null

type Words = {
  readonly content?: unknown
  readonly refusal?: unknown
  /** of DeepSeek, vLLM and llama.cpp */
  readonly reasoning_content?: unknown
  /** of OpenRouter and Ollama */
  readonly reasoning?: unknown
}

// A chunk is about 300 characters, a whole answer less than 20,000. More than a million is a fault or an attack on our
// memory.
const longestEvent = 1_000_000

/**
 * The client library's own decoder is not used: it takes a cut event for a whole one, has no limit on a line,
 * and costs 6 µs per token where this costs 1 µs (100,000 tokens, Node 24).
 */
export function createCompletionReader(form: 'stream' | 'json'): CompletionReader {
  const progress: Progress = {
    text: '',
    thoughts: '',
    end: null,
    refused: false,
    usage: { inputTokens: 0, outputTokens: 0 },
    fault: null,
  }
  const decoder = new TextDecoder()
  const { read, finish } = form === 'stream' ? eventReader(progress) : jsonReader(progress)
  const added = (): Added => {
    const { text, thoughts } = progress
    progress.text = progress.thoughts = ''
    return { text, thoughts }
  }
  return {
    feed(bytes) {
      // Anything after a fault is void, and the parser refuses food after its limit.
      if (progress.fault === null) read(decoder.decode(bytes, { stream: true }))
      return added()
    },
    close() {
      if (progress.fault === null) finish(decoder.decode())
      return added()
    },
    end: () => progress.end,
    usage: () => progress.usage,
    fault: () => progress.fault,
  }
}

type Reader = { readonly read: (text: string) => void; readonly finish: (text: string) => void }

function eventReader(progress: Progress): Reader {
  let closing = false
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: (event) => readEvent(event, closing, progress),
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') setFault(progress, unreadable('an event without an end'))
    },
  })
  return {
    read: (text) => parser.feed(text),
    finish(text) {
      closing = true
      parser.feed(`${text}\n\n`)
    },
  }
}

/** A server that does not stream, although it was asked to, sends one chunk with all in it. */
function jsonReader(progress: Progress): Reader {
  let json = ''
  return {
    read(text) {
      json += text
      if (json.length > longestEvent) setFault(progress, unreadable('JSON without an end'))
    },
    finish(text) {
      const chunk = parseChunk(json + text)
      if (!chunk?.error && !chunk?.choices)
        return setFault(progress, unreadable('JSON that is no completion: check OPENAI_BASE_URL'))
      readChunk(chunk, 'message', progress)
      if (progress.end === null && progress.fault === null) endWith('stop', progress)
    },
  }
}

function readEvent(event: EventSourceMessage, closing: boolean, progress: Progress): void {
  if (event.data === '[DONE]' || progress.fault !== null) return
  const chunk = parseChunk(event.data)
  // Half an event at the end means that the stream was cut: its missing end says so already.
  if (chunk === undefined) return closing ? undefined : setFault(progress, unreadable('an event that is not JSON'))
  if (event.event === 'error') return setFault(progress, { type: 'provider', error: chunk?.error ?? chunk })
  readChunk(chunk, 'delta', progress)
}

function readChunk(chunk: Chunk, words: 'delta' | 'message', progress: Progress): void {
  readUsage(chunk, progress)
  if (chunk?.error) setFault(progress, { type: 'provider', error: chunk.error })
  else readChoice(chunk, words, progress)
}

function parseChunk(text: string): Chunk | undefined {
  try {
    return JSON.parse(text) as Chunk
  } catch {
    return undefined
  }
}

function readUsage(chunk: Chunk, progress: Progress): void {
  if (!chunk?.usage) return
  progress.usage = {
    inputTokens: toCount(chunk.usage.prompt_tokens),
    outputTokens: toCount(chunk.usage.completion_tokens),
  }
}

function toCount(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0
}

function readChoice(chunk: Chunk, from: 'delta' | 'message', progress: Progress): void {
  const choice = chunk?.choices?.[0]
  const words = choice?.[from]
  // Text after the end would be an answer that the reader has been told is whole.
  if (progress.end === null) progress.text += textOf(words?.content)
  progress.thoughts += textOf(words?.reasoning_content ?? words?.reasoning) + textOf(words?.refusal)
  if (words?.refusal) progress.refused = true
  if (typeof choice?.finish_reason === 'string') endWith(choice.finish_reason, progress)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function endWith(reason: string, progress: Progress): void {
  if (reason === 'error') setFault(progress, { type: 'provider', error: { message: 'finish_reason: error' } })
  else if (reason === 'length') progress.end = 'length'
  // A refusal in words of its own is the filter of the model instead of the provider's.
  else if (reason === 'content_filter' || progress.refused) progress.end = 'content-filter'
  // No tools are offered, so whatever else a server writes here means that the model is done.
  else progress.end = 'stop'
}

function unreadable(what: string): StreamFault {
  return { type: 'unreadable', what }
}

// The first fault is the cause; the ones after it are its consequences.
function setFault(progress: Progress, fault: StreamFault): void {
  progress.fault ??= fault
}
