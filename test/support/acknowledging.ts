// A client that remembers what it was told: every write that the server has acknowledged, and those whose reply never came,
// which may have happened or not, but not by half.
import { expect } from 'vitest'
import { documentId } from '../../store/saving.ts'
import { parseEvents, type WireAnswer, type WireEvent } from './wire.ts'

/** What a thing is known to be (null: it is not there), and what it may be instead. */
type Known = { value: string | null; readonly maybe: Set<string | null> }
type Kind = 'document' | 'answer' | 'feedback' | 'key' | 'stream'
const kinds: readonly Kind[] = ['document', 'answer', 'feedback', 'key', 'stream']

export type Client = {
  /** Writes by several hands until the server is gone. */
  readonly write: (url: string, random: () => number) => Promise<void>
  /** Reads back what was touched since the last time, and some of the rest; or all of it. */
  readonly check: (url: string, random: () => number, isWhole: boolean) => Promise<void>
  /** acknowledged writes so far, by their kind */
  readonly counts: Readonly<Record<Kind, number>>
  readonly total: () => number
}

const HANDS = 3

/** `lingers`: what was asked for and not acknowledged may still be done later, by the queue, until it is asked for anew. */
export function openClient(key: string, lingers: boolean): Client {
  const held = new Map<string, Known>()
  const touched = new Set<string>()
  const counts = { document: 0, answer: 0, feedback: 0, key: 0, stream: 0 }
  let made = 0

  const send = async (url: string, method: string, body?: object) =>
    await fetch(url, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })

  const writing = async (kind: Kind, id: string, wanted: string | null, act: () => Promise<Response>) => {
    const name = `${kind} ${id}`
    const known = held.get(name) ?? { value: null, maybe: new Set() }
    held.set(name, known)
    touched.add(name)
    known.maybe.add(wanted)
    const response = await act()
    expect(response.status, `${name}: ${await response.clone().text()}`).toBeLessThan(300)
    known.value = wanted
    known.maybe.clear()
    counts[kind]++
  }
  const told = (kind: Kind, id: string, value: string) => {
    held.set(`${kind} ${id}`, { value, maybe: new Set() })
    touched.add(`${kind} ${id}`)
    counts[kind]++
  }
  /** No two hands write the same thing: of two that do it at once, nobody could say which was last. */
  const pick = (kind: Kind, hand: number, random: () => number) => {
    const own = [...held]
      .filter(([name]) => name.startsWith(`${kind} `))
      .filter(([name], index) => (kind === 'document' ? name.includes(`/${hand}-`) : index % HANDS === hand))
      .filter(([, { value }]) => value !== null && value !== 'revoked')
    return own[Math.floor(random() * own.length)]?.[0].slice(kind.length + 1)
  }

  const upload = async (url: string, source: string) => {
    const text = `Lamp\n\nThe lamp called word${++made}x burns ${made} hours.`
    const body = { name: source.slice('upload/'.length), markdown: `# ${text}` }
    await writing('document', source, text, async () => await send(`${url}/v1/documents`, 'POST', body))
  }
  const ask = async (url: string, stream: boolean) => {
    const question = `How many hours does the lamp called word${Math.max(1, made - 1)}x burn?`
    const response = await send(`${url}/v1/ask`, 'POST', { question, stream })
    if (!stream) {
      expect(response.status, `the question of ${question}`).toBe(200)
      const answer = (await response.json()) as WireAnswer
      return told('answer', answer.id, answer.answer)
    }
    let seen = ''
    try {
      for await (const part of response.body!.pipeThrough(new TextDecoderStream())) seen += part
    } finally {
      const events = parseEvents(seen.slice(0, seen.lastIndexOf('\n\n') + 2))
      if (events[0]) told('stream', events[0].body.id, JSON.stringify(events.map(shortened)))
    }
  }
  const step = async (url: string, hand: number, random: () => number) => {
    const chance = random()
    const source = pick('document', hand, random)
    const answer = pick('answer', hand, random)
    if (chance < 0.25 || source === undefined) return await upload(url, `upload/${hand}-${++made}.md`)
    if (chance < 0.4) return await upload(url, source)
    if (chance < 0.5)
      return await writing(
        'document',
        source,
        null,
        async () => await send(`${url}/v1/documents/${documentId('main', source)}`, 'DELETE'),
      )
    if (chance < 0.75 || answer === undefined) return await ask(url, chance < 0.62)
    if (chance < 0.88) {
      const rating = random() < 0.5 ? 'up' : 'down'
      return await writing(
        'feedback',
        answer,
        rating,
        async () => await send(`${url}/v1/answers/${answer}/feedback`, 'POST', { rating }),
      )
    }
    const old = pick('key', hand, random)
    if (chance > 0.96 && old !== undefined)
      return await writing('key', old, 'revoked', async () => await send(`${url}/v1/keys/${old}`, 'DELETE'))
    const response = await send(`${url}/v1/keys`, 'POST', { name: 'of a kill', scopes: ['ask'], expires_at: null })
    expect(response.status).toBe(201)
    told('key', ((await response.json()) as { id: string }).id, 'holds')
  }

  /** What is there, or that it is not: anything else tells nothing of what was kept. */
  const look = async (url: string, path: string) => {
    const response = await send(`${url}${path}`, 'GET')
    if (!response.ok && response.status !== 404) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }

  const read: Readonly<Record<Kind, (url: string, id: string) => Promise<string | null>>> = {
    document: async (url, source) => {
      const response = await look(url, `/v1/documents/${documentId('main', source)}`)
      const { text, removed_at: removed } = (await response.json()) as { text?: string; removed_at?: string | null }
      const found = response.status === 404 || removed ? null : (text ?? '')
      const word = /word\d+x/.exec(text ?? '')?.[0]
      if (word === undefined) return found
      const searched = await send(`${url}/v1/search`, 'POST', { query: word })
      expect(searched.status, `the search for ${word}`).toBe(200)
      const { passages } = (await searched.json()) as { passages: { text: string }[] }
      const isFound = passages.some((each) => each.text.includes(word))
      // Between the two the queue may have done what is still left of before a kill: then both are asked anew.
      const again = await look(url, `/v1/documents/${documentId('main', source)}`)
      const next = (await again.json()) as { text?: string; removed_at?: string | null }
      if (next.text !== text || next.removed_at !== removed) return await read.document(url, source)
      expect(isFound, `${source}: ${word} is found`).toBe(found !== null)
      return found
    },
    answer: async (url, id) => ((await (await look(url, `/v1/answers/${id}`)).json()) as WireAnswer).answer,
    feedback: async (url, id) => {
      const response = await look(url, `/v1/answers/${id}`)
      return ((await response.json()) as { feedback: { rating: string } | null }).feedback?.rating ?? null
    },
    key: async (url, id) => {
      const response = await look(url, '/v1/keys')
      const { keys } = (await response.json()) as { keys: { id: string; revoked_at: string | null }[] }
      const found = keys.find((each) => each.id === id)
      return found ? (found.revoked_at === null ? 'holds' : 'revoked') : null
    },
    stream: async (url, id) => {
      const text = await (await look(url, `/v1/answers/${id}/events`)).text()
      return JSON.stringify(parseEvents(text).map(shortened))
    },
  }

  const checkOne = async (url: string, name: string) => {
    const known = held.get(name)!
    const [kind, id] = [kinds.find((each) => name.startsWith(`${each} `))!, name.slice(name.indexOf(' ') + 1)]
    const found = await read[kind](url, id)
    // What a reader saw of an answer that was cut is the beginning of its log, which has an end.
    if (kind === 'stream') expect(found?.startsWith(known.value!.slice(0, -1)), name).toBe(true)
    else expect([known.value, ...known.maybe], name).toContain(found)
    if (kind !== 'stream') known.value = found
    if (!lingers) known.maybe.clear()
  }

  return {
    counts,
    total: () => Object.values(counts).reduce((sum, count) => sum + count, 0),
    write: async (url, random) => {
      const hand = async (number: number) => {
        try {
          for (;;) await step(url, number, random)
        } catch (error) {
          // A connection that is refused or cut is what was waited for; anything that the server says is not.
          if (!(error instanceof TypeError)) throw error
        }
      }
      await Promise.all(Array.from({ length: HANDS }, async (_, number) => await hand(number)))
    },
    check: async (url, random, isWhole) => {
      const others = [...held.keys()].filter(() => isWhole || random() < 10 / held.size)
      for (const each of new Set([...touched, ...others])) await checkOne(url, each)
      touched.clear()
    },
  }
}

function shortened({ type, body }: WireEvent): readonly string[] {
  return [type, type === 'text' ? body.delta : '']
}
