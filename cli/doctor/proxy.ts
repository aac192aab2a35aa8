// What stands between a reader and the server: does a stream arrive as it is sent, and is a question let through?
import { fine, type Finding, look, wrong } from './finding.ts'
import { failureOf, type Measured, measureStream } from './stream.ts'

// Five small events in 0.8 s: together they are far smaller than any buffer that a proxy fills before it passes it on.
const BRISK = { count: 5, everyMs: 200 }
// The longest silence that the server offers. Answers are silent for 15 s at most, then a comment bridges it.
const SILENT = { count: 2, everyMs: 4_500 }
const SENT_MS = (BRISK.count - 1) * BRISK.everyMs

const BUFFERING =
  'Switch buffering off for these paths: nginx proxy_buffering off (or let X-Accel-Buffering through), elsewhere its name for response buffering.'
const COMPRESSION =
  'Do not compress text/event-stream (nginx: leave it out of gzip_types; elsewhere flush after each event).'
const TIMEOUT =
  'Raise its timeout for silent responses to 60 s or more (nginx: proxy_read_timeout 60s): the server breaks silence every 15 s.'

/** `direct`: the address of the server itself, null when none was found; the same as `url` when there is no proxy. */
export async function checkStream(url: string, direct: string | null, signal: AbortSignal): Promise<Finding[]> {
  try {
    const [brisk, silent, compared] = await Promise.all([
      measureStream(url, BRISK, signal),
      measureStream(url, SILENT, signal),
      direct === null || direct === url ? null : measureStream(direct, BRISK, signal).catch(() => null),
    ])
    const obstacle = obstacleIn(url, brisk)
    if (obstacle) return [obstacle]
    return [
      checkArrival(url, brisk, compared),
      ...checkHead(brisk, compared),
      ...checkSilence(brisk, silent),
      await checkPost(url, brisk, signal),
    ]
  } catch (error) {
    signal.throwIfAborted()
    return [unreachable(url, failureOf(error))]
  }
}

function unreachable(url: string, reason: string): Finding {
  const found = `${url} does not answer (${reason})`
  if (/ENOTFOUND|EAI_AGAIN/.test(reason))
    return wrong(found, 'There is no host of that name: correct the address or the DNS.')
  if (/ECONNREFUSED/.test(reason))
    return wrong(found, 'Nothing listens there: start the proxy or the server, or correct the address.')
  if (/CERT|TLS|SSL/i.test(reason))
    return wrong(found, 'Its certificate is not trusted here: renew it, or install its whole chain.')
  return wrong(found, 'See whether the proxy is up, and a firewall lets this machine through to it.')
}

/** Whatever is no stream of ours at all. */
function obstacleIn(url: string, { status, headers, body, arrivals, cut }: Measured): Finding | null {
  const isSilent = arrivals.length === 0 && (cut === null || !isEventStream(headers))
  if (status === 200)
    return isSilent
      ? wrong(
          `${url} answers with something else than Footnote`,
          'Correct the address, or the one that the proxy forwards to.',
        )
      : null
  const code = codeOf(body)
  const found = `${url} answers ${status}${code ? ` (${code})` : ''}`
  if (status >= 300 && status < 400)
    return wrong(
      `${found} and leads to ${headers.get('location') ?? 'nowhere'}`,
      'Give that address as --url and PUBLIC_URL.',
    )
  if (status === 401 || status === 407)
    return look(
      `${found}: it wants a login`,
      'Give doctor an address behind the login, to see what the stream is like.',
    )
  return wrong(found, code === null ? remedyOfProxy(status) : (remedies[code] ?? PASS_ON))
}

const PASS_ON = 'The proxy answers for the server: let it pass GET /v1/ping/events and all other paths on.'

/** By the code of our own answers. */
const remedies: Readonly<Record<string, string>> = {
  'wrong-host':
    'The server is for its own machine only and refuses other names: set PUBLIC_URL to the address of the proxy, or HOST to one of its network (0.0.0.0 behind a firewall), and let the proxy pass the Host header on.',
  'unknown-path':
    'The server there is of an older version, or the proxy changes the path: it must pass it on as it is.',
}

function remedyOfProxy(status: number): string {
  return status >= 502 && status <= 504
    ? 'The proxy does not reach the server: check the address that it forwards to, and that npm start runs there.'
    : PASS_ON
}

function codeOf(body: string): string | null {
  try {
    return (JSON.parse(body) as { code?: string }).code ?? null
  } catch {
    return null
  }
}

function checkArrival(url: string, { arrivals, headers, cut }: Measured, compared: Measured | null): Finding {
  if (cut)
    return wrong(
      `${url} cuts a stream after ${seconds(cut.afterMs)} (${cut.reason}), ${arrivals.length} of ${BRISK.count} events came`,
      TIMEOUT,
    )
  const first = arrivals[0] ?? 0
  const spread = (arrivals.at(-1) ?? 0) - first
  const direct = compared ? `; directly after ${milliseconds(compared.arrivals[0] ?? 0)}` : ''
  const came = `the first of ${BRISK.count} events after ${milliseconds(first)}${direct}`
  // Half of what they were sent in: a loaded machine may delay some, a buffer brings all at once.
  if (spread >= SENT_MS / 2) return fine(`${url} passes events on one by one, ${came}`)
  const encoding = headers.get('content-encoding')
  return encoding
    ? wrong(`${url} holds a stream back while it compresses it (${encoding}): all at once, ${came}`, COMPRESSION)
    : wrong(`${url} holds a stream back until its end: all at once, ${came}`, BUFFERING)
}

function checkHead({ headers, arrivals, cut }: Measured, compared: Measured | null): Finding[] {
  const findings: Finding[] = []
  const type = headers.get('content-type')
  if (!isEventStream(headers))
    findings.push(
      wrong(
        `the stream comes as ${type ?? 'no type at all'} instead of text/event-stream`,
        'Let the proxy pass Content-Type on: without it browsers do not read a stream.',
      ),
    )
  const isSpread = cut === null && (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0) >= SENT_MS / 2
  const encoding = headers.get('content-encoding')
  if (encoding && isSpread)
    findings.push(look(`the stream is compressed (${encoding}), and flushed in time`, COMPRESSION))
  const changed = ['cache-control', 'x-content-type-options'].filter(
    (name) => compared && compared.headers.get(name) !== headers.get(name),
  )
  if (changed.length > 0)
    findings.push(
      look(
        `changed on the way: ${changed.map((name) => `${name} is ${headers.get(name) ?? 'gone'}`).join(', ')}`,
        'Let the proxy pass these headers on: answers are not to be kept by caches, nor guessed at by browsers.',
      ),
    )
  return findings
}

/** Only what the brisk stream did not show already. */
function checkSilence({ cut }: Measured, silent: Measured): Finding[] {
  if (cut !== null) return []
  if (silent.cut === null) return [fine(`a silence of ${seconds(SILENT.everyMs)} is borne`)]
  return [wrong(`a silent stream is cut after ${seconds(silent.cut.afterMs)} (${silent.cut.reason})`, TIMEOUT)]
}

/** As the page would ask: a browser names the page's own origin, and the server compares it with the Host it was given. */
async function checkPost(url: string, { host }: Measured, signal: AbortSignal): Promise<Finding> {
  const { origin, host: asked } = new URL(url)
  // A search without a query is refused (422), and one without a key (401), both after its origin was looked at: as far as
  // it needs to come, without a search or a call to a provider.
  const answer = await post(`${url.replace(/\/+$/, '')}/v1/search`, '{}', origin, signal)
  if (answer.code === 'bad-field' || answer.code === 'no-key') return fine('questions from the page are let through')
  if (answer.code === 'cross-site' || answer.code === 'wrong-host')
    return wrong(
      `questions from the page are refused (${answer.code}): asked as ${asked}, the server was told ${host ?? 'another name'}`,
      'Let the proxy pass the Host header on (nginx: proxy_set_header Host $host), and HOST not be this machine alone.',
    )
  return wrong(
    `questions from the page fail: ${answer.said}`,
    'Let the proxy pass POST on, with its body and its headers.',
  )
}

async function post(
  address: string,
  body: string,
  origin: string,
  signal: AbortSignal,
): Promise<{ readonly code: string | null; readonly said: string }> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', origin },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(POST_MS)]),
    })
    const code = codeOf(await response.text())
    return { code, said: `${response.status}${code ? ` (${code})` : ''}` }
  } catch (error) {
    signal.throwIfAborted()
    return { code: null, said: failureOf(error) }
  }
}

// It is refused before anything is looked for.
const POST_MS = 5_000

function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`
}
