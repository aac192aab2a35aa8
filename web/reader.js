// @ts-check
// Marks the cited characters of a document, named by the address: #start-end.

const text = document.querySelector('[data-text]')

function follow() {
  const [, start, end] = /^#(\d+)-(\d+)$/.exec(location.hash) ?? []
  if (text === null || start === undefined) return
  for (const mark of text.querySelectorAll('mark')) mark.replaceWith(...mark.childNodes)
  for (const block of text.querySelectorAll('[data-start]')) markBlock(block, Number(start), Number(end))
  const mark = text.querySelector('mark')
  // Focus follows: keyboard and screen reader go on from the quote.
  mark?.setAttribute('tabindex', '-1')
  mark?.focus({ preventScroll: true })
  mark?.scrollIntoView({ block: 'center' })
}

/**
 * Every block carries the offset of its first character, and its text is the document's, character for character.
 * @param {Element} block @param {number} start @param {number} end
 */
function markBlock(block, start, end) {
  // Marks that were taken away, and parsers, leave a long text in several nodes.
  block.normalize()
  const node = block.firstChild
  if (!(node instanceof Text)) return
  const offset = Number(block.getAttribute('data-start'))
  const from = Math.max(0, start - offset)
  const to = Math.min(node.length, end - offset)
  if (from >= to) return
  const quoted = node.splitText(from)
  quoted.splitText(to - from)
  const mark = document.createElement('mark')
  quoted.replaceWith(mark)
  mark.append(quoted)
}

window.addEventListener('hashchange', follow)
follow()
