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
