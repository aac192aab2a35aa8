// @ts-check
// A schema as a list of its fields; one that has a name of its own is a link to it.
import { element } from './dom.js'

/** @typedef {import('./openapi').Schema} Schema */

const limits = ['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'pattern', 'format']

/** @param {Schema} schema @returns {HTMLElement} */
export function drawSchema(schema) {
  const inner = drawFields(schema)
  const words = schema.description === undefined ? [] : [` · ${schema.description}`]
  return element('div', { class: 'schema' }, element('p', {}, ...drawType(schema), ...words), ...inner)
}

/** @param {Schema} schema */
function nameOf({ $ref = '' }) {
  return $ref.slice($ref.lastIndexOf('/') + 1)
}

/** @param {Schema} schema */
export function linkTo(schema) {
  return element('a', { href: `#${nameOf(schema)}` }, nameOf(schema))
}

/** The type in words, with links. @param {Schema} schema @returns {(Node | string)[]} */
function drawType(schema) {
  if (schema.$ref !== undefined) return [linkTo(schema)]
  const choices = schema.oneOf ?? schema.anyOf
  if (choices !== undefined) {
    // Long choices are drawn below, one by one.
    if (choices.some(isLong)) return [element('code', {}, 'one of')]
    return choices.flatMap((each, at) => [...(at === 0 ? [] : [' or ']), ...drawType(each)])
  }
  if (schema.const !== undefined) return [element('code', {}, JSON.stringify(schema.const))]
  if (schema.enum !== undefined)
    return schema.enum.flatMap((each, at) => [...(at === 0 ? [] : [' | ']), element('code', {}, JSON.stringify(each))])
  if (schema.items !== undefined) return ['list of ', ...drawType(schema.items)]
  const type = schema.type === undefined ? 'anything' : [schema.type].flat().join(' or ')
  return [
    element('code', {}, type),
    ...limits.flatMap((name) => (isSaid(schema, name) ? [` ${name} ${String(schema[name])}`] : [])),
  ]
}

/** Whole numbers bring the limits of the language along. @param {Schema} schema @param {string} name */
function isSaid(schema, name) {
  return schema[name] !== undefined && Math.abs(Number(schema[name])) !== Number.MAX_SAFE_INTEGER
}

/** @param {Schema} schema */
function isLong(schema) {
  return schema.properties !== undefined
}

/** @param {Schema} schema @returns {HTMLElement[]} */
function drawFields(schema) {
  const choices = schema.oneOf ?? schema.anyOf ?? []
  if (choices.some(isLong)) return choices.map(drawSchema)
  if (schema.items !== undefined) return drawFields(schema.items)
  if (typeof schema.additionalProperties === 'object' && schema.properties === undefined)
    return Object.keys(schema.additionalProperties).length === 0 ? [] : [drawSchema(schema.additionalProperties)]
  if (schema.properties === undefined) return choices.flatMap(drawFields)
  const rows = Object.entries(schema.properties).flatMap(([name, field]) => {
    const isOptional = !(schema.required ?? []).includes(name)
    const term = element('dt', {}, element('code', {}, name), ...(isOptional ? [' optional'] : []))
    return [term, element('dd', {}, drawSchema(field))]
  })
  return [element('dl', {}, ...rows)]
}
