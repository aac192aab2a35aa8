// The ports of the pipeline with a span around each call that waits for somebody else, and one for the comparing of words.
import { type Attributes, SpanKind } from '@opentelemetry/api'
import type { AnswerStore, Embedder, Generator, GeneratorEvent, SearchStore } from '../../core/ports.ts'
import { isTerminal } from '../../core/types.ts'
import type { Steps } from '../answer/steps.ts'
import { type Spans, steppedInside } from './spans.ts'
import { around, lookedAt, type Ports } from './watch.ts'

const CLIENT = { kind: SpanKind.CLIENT }

export function tracedPorts(ports: Ports, spans: Spans): Ports {
  const { store, generator, embedder, steps } = ports
  return {
    ...ports,
    store: around(store, {
      search: tracedSearch(store.search, spans),
      answers: tracedLog(store.answers, spans),
    }),
    generator: generator && tracedGenerator(generator, spans),
    // The built-in one is a table in memory: a look at it is no call.
    embedder: embedder.space.startsWith('built-in/') ? embedder : tracedEmbedder(embedder, spans),
    steps: { ...steps, ground: tracedGround(steps.ground, spans) },
  }
}

function databaseCall(operation: string): Attributes {
  return { 'db.system.name': 'postgresql', 'db.operation.name': operation }
}

function tracedSearch(search: SearchStore, spans: Spans): SearchStore {
  return around(search, {
    candidates: async (request, signal) =>
      await spans.around(
        'search',
        databaseCall('candidates'),
        async ({ span }) => {
          const found = await search.candidates(request, signal)
          span.setAttribute('footnote.candidates', found.length)
          return found
        },
        CLIENT,
      ),
  })
}

/** The first write and the last: those between are as many as the words of the answer. */
function tracedLog(answers: AnswerStore, spans: Spans): AnswerStore {
  return around(answers, {
    begin: async (record) =>
      await spans.around('store', databaseCall('begin'), async () => await answers.begin(record), CLIENT),
    append: async (library, id, events) => {
      const append = async () => await answers.append(library, id, events)
      if (!events.some(({ event }) => isTerminal(event))) await append()
      else await spans.around('store', databaseCall('append'), append, CLIENT)
    },
  })
}

function tracedEmbedder(embedder: Embedder, spans: Spans): Embedder {
  const attributes = {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': embedder.space,
    'gen_ai.embeddings.dimension.count': embedder.dimensions,
  }
  return around(embedder, {
    embed: async (texts, kind, signal) =>
      await spans.around(
        `embeddings ${embedder.space}`,
        attributes,
        async () => await embedder.embed(texts, kind, signal),
        CLIENT,
      ),
  })
}

function tracedGenerator(generator: Generator, spans: Spans): Generator {
  const { model } = generator
  const attributes = {
    'gen_ai.operation.name': 'chat',
    // The interface that is spoken; who answers behind OPENAI_BASE_URL is not known.
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': model,
    'gen_ai.request.stream': true,
  }
  return around(generator, {
    stream: (messages, signal) => {
      const opened = spans.begin(`chat ${model}`, attributes, CLIENT)
      const began = performance.now()
      let hasBegun = false
      const look = (event: GeneratorEvent) => {
        if (!hasBegun && event.type === 'text')
          opened.span.setAttribute('gen_ai.response.time_to_first_chunk', (performance.now() - began) / 1000)
        hasBegun ||= event.type === 'text'
        if (event.type !== 'finish') return
        opened.span.setAttributes({
          'gen_ai.response.finish_reasons': [event.reason],
          'gen_ai.usage.input_tokens': event.inputTokens,
          'gen_ai.usage.output_tokens': event.outputTokens,
        })
      }
      const events = steppedInside(() => generator.stream(messages, signal), opened.inside)
      return lookedAt(events, look, (error) => opened.end(signal.aborted ? null : error))
    },
  })
}

/** One span for all sentences of a reply; its time of our own is `footnote.ground.ms`, the rest waits for the model. */
function tracedGround(ground: Steps['ground'], spans: Spans): Steps['ground'] {
  return (passages) => {
    const grounds = ground(passages)
    const opened = spans.begin('ground', { 'footnote.passages': passages.length })
    let ms = 0
    let sentences = 0
    spans.current()?.beforeEnd(() => {
      opened.span.setAttributes({ 'footnote.ground.ms': ms, 'footnote.sentences': sentences })
      opened.end(null)
    })
    const timed = <Result>(work: () => Result): Result => {
      const began = performance.now()
      const result = work()
      ms += performance.now() - began
      return result
    }
    return {
      lock: (sentence, n) => timed(() => grounds.lock(sentence, n)),
      find: (sentence) => timed(() => grounds.find(sentence)),
      judge: (sentence, backings) => {
        sentences++
        return timed(() => grounds.judge(sentence, backings))
      },
    }
  }
}
