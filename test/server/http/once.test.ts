// The same request under the same Idempotency-Key.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Generator } from '../../../core/ports.ts'
import { openTestApp, openTestLibrary, slowGenerator } from '../../support/app.ts'
import { bearer, openKeyedApp } from '../../support/keyed.ts'
import { readEvents, readJson, type WireAnswer, type WireProblem } from '../../support/wire.ts'

let library: Awaited<ReturnType<typeof openTestLibrary>>
beforeAll(async () => {
  library = await openTestLibrary()
}, 120_000)

const question = { question: 'How does Stripe rate limit?' }
const under = (key: string, more: Record<string, string> = {}) => ({ headers: { 'idempotency-key': key, ...more } })
const counted = (generator: Generator) => {
  const calls = { made: 0 }
  const stream: Generator['stream'] = (...asked) => (calls.made++, generator.stream(...asked))
  return { calls, generator: { ...generator, stream } }
}
const stripe = (pauseMs = 1) => slowGenerator(['Stripe uses the token bucket algorithm [1].', ' And more.'], pauseMs)

describe('a question that is sent again under its key', () => {
  it('has the same answer, as an object and as its events, and the model is asked once', async () => {
    const { calls, generator } = counted(stripe())
    const app = openTestApp(library, { generator })
    const first = await readJson<WireAnswer>(await app.post('/v1/ask', question, under('a-1')))
    const again = await readJson<WireAnswer>(await app.post('/v1/ask', question, under('"a-1"')))
    expect(again).toEqual(first)
    const events = await readEvents(await app.post('/v1/ask', { ...question, stream: true }, under('a-1')))
    expect(events[0]!.body).toMatchObject({ id: first.id })
    expect(events.at(-1)!.body).toMatchObject({ answer: { id: first.id, answer: first.answer } })
    expect(calls.made).toBe(1)
  })

  it('joins the first while that is under way, however many send it, on this server and on another', async () => {
    const { calls, generator } = counted(stripe(150))
    // Either may be the first, and the other must not take the answer for one whose process died.
    const servers = [1, 2].map(() => openTestApp(library, { generator, silentMs: 30_000 }))
    const answers = await Promise.all(
      Array.from(
        { length: 12 },
        async (_, n) => await readJson<WireAnswer>(await servers[n % 2]!.post('/v1/ask', question, under('b-1'))),
      ),
    )
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect(answers.every(({ status }) => status === 'answered')).toBe(true)
    expect(calls.made).toBe(1)
  }, 20_000)

  it('goes on where the connection of the first was lost', async () => {
    const { calls, generator } = counted(stripe(100))
    const app = openTestApp(library, { generator })
    const lost = await app.post('/v1/ask', { ...question, stream: true }, under('c-1'))
    await lost.body!.cancel()
    const again = await readJson<WireAnswer>(await app.post('/v1/ask', question, under('c-1')))
    expect([again.status, calls.made]).toEqual(['answered', 1])
  })

  it('with other words is a 422 that says so', async () => {
    const app = openTestApp(library)
    await app.post('/v1/ask', question, under('d-1'))
    const other = await app.post('/v1/ask', { question: 'How does Notion shard?' }, under('d-1'))
    expect([other.status, await readJson<WireProblem>(other)]).toMatchObject([
      422,
      { code: 'key-reused', field: 'Idempotency-Key' },
    ])
    const elsewhere = await app.post('/v1/documents', { name: 'n.md', markdown: 'x' }, under('d-1'))
    expect((await readJson<WireProblem>(elsewhere)).code).toBe('key-reused')
  })

  it('is another question of another credential', async () => {
    const app = openKeyedApp(library)
    const [one, two] = [bearer(await app.key()), bearer(await app.key())]
    const ids = []
    for (const headers of [one, two, one])
      ids.push((await readJson<WireAnswer>(await app.post('/v1/ask', question, under('e-1', headers)))).id)
    expect(ids[0]).toBe(ids[2])
    expect(ids[1]).not.toBe(ids[0])
  })

  it('is asked anew when the first ended in a fault, or its process died before it began', async () => {
    const broken = {
      ...library.store,
      search: { ...library.store.search, state: async () => await Promise.reject(new Error('gone')) },
    }
    const failing = openTestApp({ ...library, store: broken })
    expect((await failing.post('/v1/ask', question, under('f-1'))).status).toBe(500)
    const app = openTestApp(library)
    expect((await readJson<WireAnswer>(await app.post('/v1/ask', question, under('f-1')))).status).toBe('answered')
    const key = { library: 'main', holder: 'local', key: 'f-2' }
    await app.post('/v1/ask', question, under('f-2'))
    await library.query(`update repeats set made_id = 'ans_of_the_dead' where key = 'f-2'`)
    expect((await readJson<WireAnswer>(await app.post('/v1/ask', question, under('f-2')))).status).toBe('answered')
    expect(await library.store.repeats.claim(key, { fingerprint: '', id: 'x' }, null)).toMatchObject({ id: /^ans_/ })
  }, 20_000)

  it('is told to clients of the OpenAI API by the same id', async () => {
    const app = openTestApp(library)
    const body = { model: 'footnote', messages: [{ role: 'user', content: question.question }] }
    const ask = async () =>
      (await (await app.post('/v1/chat/completions', body, under('g-1'))).json()) as { id: string }
    expect((await ask()).id).toBe((await ask()).id)
  })

  it.each(['', ' ', 'a b', 'ü', 'x'.repeat(256)])('wants a key that is one: %j is not', async (key) => {
    const app = openTestApp(library)
    const bytes = Buffer.from(key).toString('latin1')
    expect((await app.post('/v1/ask', question, under(bytes))).status).toBe(422)
  })
})

describe('documents that are sent again under their key', () => {
  const note = { name: 'again.md', markdown: '# Again\n\nA queue without a limit hides an outage.' }

  it('are learned once, and the reply is the first one', async () => {
    const app = openTestApp(library)
    const [first, ...others] = await Promise.all(
      [0, 1, 2, 3].map(async () => await (await app.post('/v1/documents', note, under('h-1'))).json()),
    )
    expect(first).toMatchObject({ documents: [{ outcome: 'learned' }] })
    for (const other of others) expect(other).toEqual(first)
    const again = await app.post('/v1/documents', note, under('h-1'))
    expect([again.status, await again.json()]).toEqual([201, first])
  })

  it('as files of a form too, whose border is another each time', async () => {
    const app = openTestApp(library)
    const send = async (text: string) => {
      const form = new FormData()
      form.append('file', new File([text], 'form.md'))
      return await app.get('/v1/documents', { method: 'POST', body: form, ...under('i-1') })
    }
    const first = await (await send('# Form\n\nSent as a form.')).json()
    expect(await (await send('# Form\n\nSent as a form.')).json()).toEqual(first)
    expect((await send('# Form\n\nSomething else.')).status).toBe(422)
  })

  it('may be tried again when they could not be learned', async () => {
    const app = openTestApp(library)
    const blank = { name: 'blank.md', markdown: '\n' }
    for (let n = 0; n < 2; n++) expect((await app.post('/v1/documents', blank, under('j-1'))).status).toBe(422)
  })
})

describe('keys of requests', () => {
  it('are kept for a day, and 1,440 of one holder', async () => {
    const { repeats } = library.store
    const claim = async (key: string, id: string) =>
      await repeats.claim({ library: 'main', holder: 'many', key }, { fingerprint: 'f', id }, null)
    await library.query(
      `insert into repeats (library_id, holder, key, fingerprint, made_id, made_at)
       select 'main', 'many', 'old-' || n, 'f', 'x', now() - make_interval(secs => n) from generate_series(1, 1500) n`,
    )
    expect(await claim('new', 'a')).toBeNull()
    expect(await claim('new', 'b')).toMatchObject({ id: 'a' })
    const [{ count } = { count: 0 }] = await library.query<{ count: number }>(
      `select count(*)::int as count from repeats where holder = 'many'`,
    )
    expect(count).toBe(1_440)
    await library.query(`update repeats set made_at = now() - interval '25 hours' where holder = 'many'`)
    expect(await claim('new', 'c')).toBeNull()
  })
})
