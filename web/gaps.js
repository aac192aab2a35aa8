// @ts-check
// What the library could not answer, for whoever keeps it. Others are refused, and see nothing of it.
import { useEffect, useState } from 'preact/hooks'
import { request } from './api.js'
import { whenWords } from './dates.js'
import { html } from './html.js'
import { counted } from './names.js'

/** @import { Gap } from './wire.d.ts' */

const SHOWN = 10

/** Whoever may not see them does not ask. @returns {Promise<Gap[]>} */
async function load() {
  const { type, scopes } = await request('/v1/session')
  return type === 'local' || scopes.includes('admin') ? (await request('/v1/gaps')).gaps : []
}

export function Gaps() {
  const [gaps, setGaps] = useState(/** @type {Gap[]} */ ([]))
  useEffect(() => {
    // A page that cannot reach them goes without.
    load().then(setGaps, () => {})
  }, [])
  if (gaps.length === 0) return null
  return html`<details class="gaps">
    <summary>What it could not answer in the last 30 days</summary>
    <ol>
      ${gaps.slice(0, SHOWN).map((gap) => html`<${Row} key=${gap.questions[0]} gap=${gap} />`)}
    </ol>
  </details>`
}

/** @param {{ gap: Gap }} props */
function Row({ gap: { count, questions, last_asked_at: last, refused, disliked, nearest } }) {
  const how = [refused > 0 && `${refused} refused`, disliked > 0 && `${disliked} judged badly`].filter(Boolean)
  return html`<li dir="auto">
    <b>${questions[0]}</b>
    ${questions.slice(1).map((question) => html`<p class="place">${question}</p>`)}
    <p class="place">
      ${counted(count, 'question')}: ${how.join(', ')}; last asked ${whenWords(last)}.
      ${nearest ? html`${' '}Nearest: <a href=${`/documents/${encodeURIComponent(nearest.id)}`}>${nearest.title}</a>` : ' Nothing came near.'}
    </p>
  </li>`
}
