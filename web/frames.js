// @ts-check
// Server-sent events (WHATWG HTML, 9.2) as our server writes them: an id, a name and one line of JSON each.

/** @typedef {{ id: string, event: string, data: string }} Frame */

/**
 * The events of a text that came so far, and the rest of it, which the next piece goes on with.
 * @param {string} text @returns {{ frames: Frame[], rest: string }}
 */
export function takeFrames(text) {
  const blocks = text.split(/\r?\n\r?\n/)
  const rest = blocks.pop() ?? ''
  return { frames: blocks.map(toFrame).filter((frame) => frame.data !== ''), rest }
}

/** A line without a name is a comment. @param {string} block @returns {Frame} */
function toFrame(block) {
  const frame = { id: '', event: '', data: '' }
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?([^]*)/.exec(line) ?? []
    if (name) Object.assign(frame, { [name]: value })
  }
  return frame
}
