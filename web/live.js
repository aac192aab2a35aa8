// @ts-check
// What a screen reader hears of an answer that streams: whole sentences, once, without markers, and how it ended.

/** @import { Turn } from './wire.d.ts' */

const sentenceEnd = /^.*([.!?…:]["”’)]*(\s*\[\d{1,3}\])*(?=\s)|\n)/s

/** What was heard of each turn, and whether its end was. @type {WeakMap<Turn, { text: string, ended: boolean }>} */
const heard = new WeakMap()

/** Says what came since the last time. A turn that had ended when it was first seen is history, and says nothing. @param {Turn} turn */
export function hearTurn(turn) {
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
  say(words)
  if (draft.ended && !now.ended) say(status.peek())
  now.ended = draft.ended
}

/** @param {string} words */
function say(words) {
  const spoken = words.replace(/\s*\[\d{1,3}\]/g, '').trim()
  if (spoken === '') return
  const line = document.createElement('p')
  line.append(spoken)
  document.getElementById('live')?.append(line)
}
