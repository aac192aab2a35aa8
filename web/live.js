// @ts-check
// What a screen reader hears while an answer streams: whole sentences, once each, without markers.
import { element } from './dom.js'

const sentenceEnd = /^.*([.!?…:]["”’)]*(\s*\[\d{1,3}\])*(?=\s)|\n)/s

/** @param {(words: string) => void} say */
export function sentences(say) {
  let heard = 0
  /** @param {string} text the answer so far @param {boolean} ended */
  return (text, ended) => {
    const unheard = text.slice(heard)
    const words = ended ? unheard : (sentenceEnd.exec(unheard)?.[0] ?? '')
    heard += words.length
    say(words)
  }
}

/** @param {HTMLElement} log @param {string} words */
export function announce(log, words) {
  const spoken = words.replace(/\s*\[\d{1,3}\]/g, '').trim()
  if (spoken !== '') log.append(element('p', {}, spoken))
}
