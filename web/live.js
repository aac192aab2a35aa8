// @ts-check
// What a screen reader hears of an answer that streams: whole sentences, once, without markers.
import { element } from './dom.js'

const sentenceEnd = /^.*([.!?…:]["”’)]*(\s*\[\d{1,3}\])*(?=\s)|\n)/s

/** @param {(words: string) => void} say */
export function sentences(say) {
  let heard = ''
  /** @param {string} text the answer so far @param {boolean} ended */
  return (text, ended) => {
    // What was taken back is over.
    if (!text.startsWith(heard)) heard = ''
    const unheard = text.slice(heard.length)
    const words = ended ? unheard : (sentenceEnd.exec(unheard)?.[0] ?? '')
    heard += words
    say(words)
  }
}

/** @param {HTMLElement} log @param {string} words */
export function announce(log, words) {
  const spoken = words.replace(/\s*\[\d{1,3}\]/g, '').trim()
  if (spoken !== '') log.append(element('p', {}, spoken))
}
