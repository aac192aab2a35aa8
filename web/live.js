// @ts-check
// What a screen reader hears of an answer that streams: whole sentences, once, without markers, and how it ended.

/** @import { Turn } from './wire.d.ts' */

const sentenceEnd = /^.*([.!?…:]["”’)]*(\s*\[\d{1,3}\])*(?=\s)|\n)/s

/** What was heard of each turn, and whether its end was. @type {WeakMap<Turn, { text: string, ended: boolean }>} */
const heard = new WeakMap()

/**
 * Says in a log what came since the last time. A turn that had ended when it was first seen is history, and says nothing.
 * @param {Turn} turn @param {Element | null} log
 */
export function hearTurn(turn, log) {
  const { draft, status } = turn
  const before = heard.get(turn)
  if (before === undefined && draft.ended) {
    heard.set(turn, { text: draft.text, ended: true })
    return
  }
  const now = before ?? { text: '', ended: false }
  heard.set(turn, now)
  // What was taken back is over.
  if (!draft.text.startsWith(now.text)) now.text = ''
  const unheard = draft.text.slice(now.text.length)
  const words = draft.ended ? unheard : (sentenceEnd.exec(unheard)?.[0] ?? '')
  now.text += words
  say(words, log)
  if (draft.ended && !now.ended) say(status.value, log)
  now.ended = draft.ended
}

/** @param {string} words @param {Element | null} log */
function say(words, log) {
  const spoken = words.replace(/\s*\[\d{1,3}\]/g, '').trim()
  if (spoken === '') return
  const line = document.createElement('p')
  line.append(spoken)
  log?.append(line)
}
