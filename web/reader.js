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
  if (mark) turnOriginal(mark)
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
  let offset = Number(block.getAttribute('data-start'))
  // Between two pages stands their mark, an element without text.
  for (const node of [...block.childNodes].filter((each) => each instanceof Text)) {
    const { length } = node
    markText(node, Math.max(0, start - offset), Math.min(length, end - offset))
    offset += length
  }
}

/** @param {Text} node @param {number} from @param {number} to */
function markText(node, from, to) {
  if (from >= to) return
  const quoted = node.splitText(from)
  quoted.splitText(to - from)
  const mark = document.createElement('mark')
  quoted.replaceWith(mark)
  mark.append(quoted)
}

/** The original of a document with pages opens at that of the quote. @param {Element} mark */
function turnOriginal(mark) {
  const original = document.querySelector('.facts a[href*="#page="]')
  const before = [...document.querySelectorAll('.text .page')].findLast(
    (page) => page.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING,
  )
  if (original instanceof HTMLAnchorElement && before) original.hash = before.id.replace('-', '=')
}

window.addEventListener('hashchange', follow)
follow()
