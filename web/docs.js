// @ts-check
// The API as a page: /openapi.json drawn, each operation with its schemas and with examples that can be sent from here.
import { drawSchema, linkTo } from './docs-schema.js'
import { drawExamples } from './docs-try.js'
import { byId, element } from './dom.js'

/** @typedef {import('./openapi').OpenApi} OpenApi @typedef {import('./openapi').Route} Route */

const reference = byId('reference', HTMLElement)
const contents = byId('contents', HTMLElement)

async function open() {
  /** @type {OpenApi} */
  const api = await (await fetch('/openapi.json')).json()
  const routes = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const parts = api.tags.map((tag) => ({
    ...tag,
    routes: routes.filter(({ operation: { tags } }) => tags.includes(tag.name)),
  }))
  const names = Object.keys(api.components.schemas)
  contents.replaceChildren(
    ...parts.map(({ name, routes }) =>
      drawContents(
        name,
        routes.map(({ operation }) => operation.operationId),
      ),
    ),
    drawContents('Schemas', names),
  )
  reference.replaceChildren(
    element('h1', {}, `The API of ${api.info.title} ${api.info.version}`),
    ...api.info.description.split('\n\n').map((text) => element('p', {}, text)),
    ...parts.flatMap(({ name, description, routes }) => [
      element('h2', {}, name),
      element('p', {}, description),
      ...routes.map(drawRoute),
    ]),
    element('h2', {}, 'Schemas'),
    ...Object.entries(api.components.schemas).map(([name, schema]) =>
      element('section', { id: name, class: 'named' }, element('h3', {}, name), drawSchema(schema)),
    ),
  )
  // The browser looked for this place before there was one.
  document.getElementById(location.hash.slice(1))?.scrollIntoView()
}

/** @param {string} title @param {string[]} names */
function drawContents(title, names) {
  // On a narrow window the contents stand before everything else.
  const isOpen = title !== 'Schemas' && matchMedia('(min-width: 64rem)').matches
  const entries = names.map((name) => element('li', {}, element('a', { href: `#${name}` }, name)))
  return element('details', isOpen ? { open: '' } : {}, element('summary', {}, title), element('ul', {}, ...entries))
}

/** @param {Route} route */
function drawRoute(route) {
  const { operationId, summary, description, parameters = [], requestBody, responses, security } = route.operation
  const rows = parameters.map(({ name, in: place, required, description = '', schema }) => [
    element('dt', {}, element('code', {}, name), ` in ${place}${required ? '' : ', optional'}`),
    element('dd', {}, drawSchema({ ...schema, description })),
  ])
  return element(
    'section',
    { id: operationId, class: 'route' },
    element(
      'h3',
      {},
      element('span', { class: `method ${route.method}` }, route.method.toUpperCase()),
      ` ${route.path}`,
    ),
    element('p', {}, summary, ...(security ? [' (needs the token)'] : [])),
    ...(description === undefined ? [] : [element('p', {}, description)]),
    ...(rows.length === 0 ? [] : [element('h4', {}, 'Parameters'), element('dl', {}, ...rows.flat())]),
    ...(requestBody ? [element('p', {}, 'Body: ', linkTo(requestBody.content['application/json'].schema))] : []),
    element('h4', {}, 'Replies'),
    element('dl', {}, ...Object.entries(responses).flatMap(([status, reply]) => drawReply(status, reply))),
    drawExamples(route),
  )
}

/** @param {string} status @param {import('./openapi').Operation['responses'][string]} reply */
function drawReply(status, { description, content }) {
  return [
    element('dt', {}, element('code', {}, status)),
    element('dd', {}, description, ...Object.entries(content).map(([type, media]) => drawMedia(type, media))),
  ]
}

/** @param {string} type @param {import('./openapi').Media} media */
function drawMedia(type, media) {
  const { 'x-events': events, 'x-lines': lines, schema } = media
  const what = events
    ? [
        'events ',
        ...Object.entries(events).flatMap(([name, each], at) => [at === 0 ? '' : ', ', `${name}: `, linkTo(each)]),
      ]
    : lines
      ? ['lines of ', linkTo(lines)]
      : [schema.$ref === undefined ? String(schema.type) : linkTo(schema)]
  return element('p', {}, element('code', {}, type), ' ', ...what)
}

open().catch(() => {
  reference.replaceChildren(
    element('p', { class: 'notice' }, 'The description of the API cannot be loaded. Is the server still running?'),
  )
})
