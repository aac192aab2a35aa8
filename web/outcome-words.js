// @ts-check
// How an answer can end, in words.

/** @import { Answer } from './wire.d.ts' */

/** @type {Record<string, string>} */
const refusals = {
  'empty-library': 'There is no text in it to search yet.',
  'partly-covered': 'It touches on the subject, but does not say what was asked.',
  'nothing-supported': 'Nothing backs what the model wrote.',
  'model-declined': 'The passages that were found do not answer the question.',
}

/** @type {Record<string, string>} */
const faults = {
  'model-timeout': 'The model took too long.',
  'model-unavailable': 'The model could not be reached.',
  'model-rate-limited': 'The model is too busy.',
  'model-quota-spent': 'The quota of the model is spent.',
  'model-refused': 'The model refused to answer.',
  'budget-spent': 'The budget is used.',
  'model-cut-off': 'The model stopped early: the answer may be incomplete.',
  interrupted: 'The server was restarted in the middle of this answer.',
}

/** @param {Answer} answer */
export function refusalSentence({ reason, missing = [] }) {
  const sentence = refusals[reason ?? ''] ?? 'Nothing in it is about this question.'
  const apart = reason === 'partly-covered' ? ' What you name is in it, but not together.' : ''
  return `${sentence}${missing.length > 0 ? ` ${lackOf(missing)}` : apart}`
}

/** @param {string[]} missing */
const lackOf = (missing) => `Nothing is said of: ${missing.join(', ')}.`

/** @param {string} code */
export const faultSentence = (code) => faults[code] ?? `Something went wrong on the server (${code}).`

/** What a reader must know before reading it. @param {Answer} answer @returns {string[]} */
export function notesOf({ status, mode, fallback, words_only: isByWords, missing = [] }) {
  const instead = mode === 'extractive' ? ' These are the words of the library itself.' : ''
  const fell = fallback === null ? [] : [`${faults[fallback] ?? `Fallback: ${fallback}.`}${instead}`]
  if (isByWords) fell.push('The embedder could not be reached: this was found by words alone.')
  return status === 'answered' && missing.length > 0 ? [...fell, lackOf(missing)] : fell
}
