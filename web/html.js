// @ts-check
// Elements for the page. Text enters as text nodes only: no document can become markup.
import htm from 'htm'
import { h } from 'preact'

/** @import { Leaf } from './wire.d.ts' */

export const html = htm.bind(h)

/** @param {Leaf} leaf @returns {import('preact').ComponentChild} */
export const toElement = (leaf) =>
  typeof leaf === 'string' ? leaf : h(leaf.tag, leaf.props, ...leaf.children.map(toElement))
