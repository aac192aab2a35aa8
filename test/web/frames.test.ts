// The page's own reader of server-sent events, held against a library's.
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventText } from '../../server/http/events.ts'

type Frame = { readonly id: string; readonly event: string; readonly data: string }

// Plain JavaScript, typed by its own comments, of which these settings know nothing.
const page: string = '../../web/frames.js'
const { takeFrames } = (await import(page)) as {
  readonly takeFrames: (text: string) => { readonly frames: readonly Frame[]; readonly rest: string }
}

const delta = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('data: x', '\n\n', '\r', '\u2028\u2029', ': no', ''),
)
const events = fc.array(fc.record({ seq: fc.nat(), delta }), { minLength: 1, maxLength: 8 })

/** As our server writes events, and as a proxy may hand them on. */
const streams = fc.tuple(events, fc.boolean(), fc.boolean()).map(([told, hasBeats, isCrlf]) => {
  const beat = hasBeats ? ': still here\n\n' : ''
  const text = told.map(({ seq, delta }) => beat + eventText({ seq, event: { type: 'text', delta } })).join('')
  return isCrlf ? text.replaceAll('\n', '\r\n') : text
})

function read(pieces: readonly string[]): Frame[] {
  let text = ''
  return pieces.flatMap((piece) => {
    const { frames, rest } = takeFrames(text + piece)
    text = rest
    return frames
  })
}

function readByLibrary(stream: string): Frame[] {
  const frames: Frame[] = []
  const parser = createParser({
    onEvent: ({ id = '', event = '', data: body }) => frames.push({ id, event, data: body }),
  })
  parser.feed(stream)
  return frames
}

it('reads what a library reads of our streams, wherever they are cut', () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(), { maxLength: 6 }), (stream, places) => {
      const cuts = [0, ...places.map((place) => place % stream.length).sort((a, b) => a - b), stream.length]
      const pieces = cuts.slice(1).map((end, at) => stream.slice(cuts[at], end))
      expect(read(pieces)).toEqual(readByLibrary(stream))
    }),
  )
})

it('reads the same of a stream in single characters', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      expect(read(stream.split(''))).toEqual(readByLibrary(stream))
    }),
    { numRuns: 30 },
  )
})

it('keeps back an event that has no end yet', () => {
  const { frames, rest } = takeFrames('id: 1\nevent: text\ndata: {}\n\nid: 2\nevent: te')
  expect(frames).toEqual([{ id: '1', event: 'text', data: '{}' }])
  expect(rest).toBe('id: 2\nevent: te')
})
