// @ts-check
// Elements from names and strings. Text enters the page as text nodes only: no document can become markup.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** @param {string} label @param {() => void} onClick */
export function button(label, onClick) {
  const node = element('button', { type: 'button' }, label)
  node.addEventListener('click', onClick)
  return node
}

/** @template {HTMLElement} Type @param {string} id @param {new () => Type} type @returns {Type} */
export function byId(id, type) {
  const node = document.getElementById(id)
  if (!(node instanceof type)) throw new Error(`The page has no #${id}`)
  return node
}

/** @param {number} count @param {string} noun */
export const counted = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`

/**
 * "Title › Chapter › Section"; a first heading that repeats the title is said once.
 * @param {{ document: { title: string }, headings: string[] }} place
 */
export function placeName({ document: { title }, headings }) {
  return [title, ...(headings[0] === title ? headings.slice(1) : headings)].join(' › ')
}

/**
 * The reader page of a citation or passage, built here: no address that was sent becomes a link.
 * @param {import('./wire').Place} place
 */
export function readerPath({ document: { id, revision }, span }) {
  return `/documents/${encodeURIComponent(id)}?revision=${encodeURIComponent(revision)}#${span.start}-${span.end}`
}
