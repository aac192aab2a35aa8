// @ts-check
// The examples of an operation: as a line for curl, and sent from here, the reply drawn as it comes.
import { button, element } from './dom.js'

/** @typedef {import('./openapi').Route} Route @typedef {import('./openapi').Sent} Sent */

const LONGEST = 200_000

/**
 * Each reply that is shown, with the parts of its request that have the same name.
 * @param {Route} route @returns {Sent[]}
 */
function examplesOf({ operation: { parameters = [], requestBody, responses } }) {
  const bodies = requestBody?.content['application/json'].examples
  return Object.entries(responses).flatMap(([status, { content, 'x-examples': empty }]) =>
    // A reply without a body has no media type under which its examples could stand.
    [...Object.values(content), { examples: empty }].flatMap(({ examples = {} }) =>
      Object.entries(examples).map(([name, { summary, value, ...more }]) => {
        const request = more['x-request']
        const body = requestBody && valueOf(bodies, name, true)
        return {
          name,
          status,
          summary,
          when: more['x-when'],
          bytes: request?.bytes,
          reply: value,
          parameters: Object.fromEntries(
            parameters.flatMap((each) => {
              const own = valueOf(each.examples, name, each.required ?? false)
              return own === undefined ? [] : [[each.name, typeof own === 'string' ? own : JSON.stringify(own)]]
            }),
          ),
          headers: { ...(requestBody ? { 'content-type': 'application/json' } : {}), ...request?.headers },
          body: request?.text ?? (body === undefined ? undefined : JSON.stringify(body)),
        }
      }),
    ),
  )
}

/** @param {import('./openapi').Examples | undefined} examples @param {string} name @param {boolean} isNeeded */
function valueOf(examples = {}, name, isNeeded) {
  return (examples[name] ?? (isNeeded ? Object.values(examples)[0] : undefined))?.value
}

/** @param {Route} route @param {Record<string, string>} values */
function toRequest({ path, operation: { parameters = [] } }, values) {
  const address = new URL(path, location.origin)
  /** @type {Record<string, string>} */
  const headers = {}
  for (const { name, in: place } of parameters) {
    const value = values[name]
    if (value === undefined || value === '') continue
    if (place === 'path') address.pathname = decodeURI(address.pathname).replace(`{${name}}`, encodeURIComponent(value))
    else if (place === 'query') address.searchParams.set(name, value)
    else headers[name] = value
  }
  return { url: address.href, headers }
}

/** @param {Route} route @param {Sent} sent */
function curlLine(route, { parameters, headers, body, bytes }) {
  const request = toRequest(route, parameters)
  const options = Object.entries({ ...headers, ...request.headers }).map(
    ([name, value]) => `-H ${quoted(`${name}: ${value}`)}`,
  )
  if (route.operation.security && headers['authorization'] === undefined)
    options.push("-H 'authorization: Bearer TOKEN'")
  const words = [
    'curl',
    ...(route.method === 'get' ? [] : ['-X', route.method.toUpperCase()]),
    quoted(request.url),
    ...options,
  ]
  if (bytes !== undefined)
    return `head -c ${bytes} /dev/zero | tr '\\0' x | ${[...words, '--data-binary @-'].join(' ')}`
  return [...words, ...(body === undefined ? [] : ['-d', quoted(body)])].join(' ')
}

/** Only pages of this machine or over HTTPS have a clipboard. @param {string} text */
async function copyText(text) {
  await navigator.clipboard.writeText(text)
}

/** For a shell. @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** @param {Route} route */
export function drawExamples(route) {
  const examples = examplesOf(route)
  const place = element('div')
  const select = element(
    'select',
    { 'aria-label': `Examples of ${route.operation.operationId}` },
    ...examples.map(({ name, status, summary }, at) =>
      element('option', { value: String(at) }, `${status} ${name}: ${summary}`),
    ),
  )
  const draw = () => {
    const chosen = examples[Number(select.value)]
    if (chosen) place.replaceChildren(...drawExample(route, chosen))
  }
  select.addEventListener('change', draw)
  draw()
  return element('div', { class: 'examples-of' }, element('h4', {}, 'Examples'), select, place)
}

/** @param {Route} route @param {Sent} sent @returns {HTMLElement[]} */
function drawExample(route, sent) {
  const line = curlLine(route, sent)
  const said = element('span', { role: 'status' })
  const copy = button('Copy', () => {
    copyText(line).then(
      () => said.replaceChildren('Copied'),
      () => said.replaceChildren('The browser does not allow it: select the line.'),
    )
  })
  const shown = sent.reply === undefined ? [] : [element('p', {}, 'A reply'), pre(sent.reply)]
  const when =
    sent.when === undefined
      ? []
      : [element('p', { class: 'notice' }, `When the server is ${sent.when.replace('-', ' ')}.`)]
  return [
    element('div', { class: 'line' }, element('pre', { class: 'curl', tabindex: '0' }, line), copy, said),
    ...when,
    ...shown,
    // What a browser would not send as it is shown stays with curl.
    ...(sent.headers['origin'] || sent.bytes ? [] : [drawForm(route, sent)]),
  ]
}

/** @param {unknown} value */
function pre(value) {
  return element('pre', { tabindex: '0' }, typeof value === 'string' ? value : JSON.stringify(value, null, 2))
}

/** @param {Route} route @param {Sent} sent */
function drawForm(route, sent) {
  const { parameters = [], requestBody, security } = route.operation
  const fields = parameters.map(({ name, required = false }) => {
    const input = element('input', {
      value: sent.parameters[name] ?? '',
      autocomplete: 'off',
      ...(required ? { required: '' } : {}),
    })
    return { name, input, label: element('label', {}, name, input) }
  })
  const token = security ? [element('input', { type: 'password', autocomplete: 'off' })] : []
  const body = requestBody ? [element('textarea', { rows: '6', spellcheck: 'false' })] : []
  for (const area of body) area.value = pretty(sent.body ?? '')
  const reply = element('div', { class: 'reply', 'aria-live': 'polite' })
  // The answers of the examples are on no server. What shows a fault is sent as it stands.
  const answerId =
    namesAnswer(route) && Number(sent.status) < 400 ? fields.find(({ name }) => name === 'id') : undefined
  if (answerId) answerId.input.value = ''
  const submit = element('button', {}, 'Send')
  const form = element(
    'form',
    { class: 'try' },
    ...fields.map(({ label }) => label),
    ...token.map((input) => element('label', {}, 'token', input)),
    ...body.map((area) => element('label', {}, 'body', area)),
    submit,
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const { url, headers } = toRequest(route, Object.fromEntries(fields.map(({ name, input }) => [name, input.value])))
    const secret = token.map((input) => /** @type {const} */ (['authorization', `Bearer ${input.value}`]))
    void send(
      url,
      {
        method: route.method.toUpperCase(),
        headers: { ...Object.fromEntries(secret), ...sent.headers, ...headers },
        ...(body[0] ? { body: body[0].value } : {}),
      },
      reply,
    )
  })
  const details = element('details', {}, element('summary', {}, 'Try it'), form, reply)
  if (answerId) details.addEventListener('toggle', () => void (details.open && fill(answerId.input, reply)))
  return details
}

/** Of the answer that was asked for last on this page. @type {string | null} */
let askedId = null

/** @param {Route} route */
function namesAnswer({ path }) {
  return path.startsWith('/v1/answers/{id}')
}

/** @param {HTMLInputElement} input @param {HTMLElement} reply */
async function fill(input, reply) {
  if (input.value !== '') return
  input.value = (await knownAnswer()) ?? ''
  const isLacking = input.value === ''
  reply.replaceChildren(
    ...(isLacking ? [element('p', { class: 'notice' }, 'There is no answer yet: ask something first.')] : []),
  )
}

/** An answer that this server has: the one asked for here, or its newest. */
async function knownAnswer() {
  if (askedId !== null) return askedId
  try {
    const { answers } = await (await fetch('/v1/answers?limit=1')).json()
    return /** @type {string | null} */ (answers[0]?.id ?? null)
  } catch {
    return null
  }
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** @param {string} url @param {RequestInit} init @param {HTMLElement} place */
async function send(url, init, place) {
  const text = document.createTextNode('')
  const status = element('p', { class: 'working' }, 'Sent')
  place.replaceChildren(status, element('pre', { tabindex: '0' }, text))
  try {
    const response = await fetch(url, init)
    status.replaceChildren(`${response.status} ${response.headers.get('content-type') ?? ''}`)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let step = await reader?.read(); step && !step.done && text.length < LONGEST; step = await reader?.read())
      text.appendData(step.value)
    // Whatever asks tells the id of its answer first; what lists answers is no question.
    if (init.method === 'POST') askedId = /\bans_\w+/.exec(text.data)?.[0] ?? askedId
    text.data = pretty(text.data)
  } catch (error) {
    status.replaceChildren(`The server cannot be reached (${error instanceof Error ? error.message : 'no reason'}).`)
  }
  status.removeAttribute('class')
}
