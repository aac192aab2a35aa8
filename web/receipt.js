// @ts-check
// How one stored answer came about: what was looked for, what was read, who wrote it, what it took.
import { html } from './html.js'
import { counted } from './names.js'

/** @import { Answer } from './wire.d.ts' */

/** @param {{ answer: Answer }} props */
export function Receipt({ answer }) {
  const { query, mode, models, passages, statements, citations, usage, timings_ms: ms, prompts, cached } = answer
  const dollars = usage.cost_usd > 0 ? `, ${usage.cost_usd.toFixed(4)} US dollars` : ''
  /** @type {[name: string, value: string][]} */
  const rows = [
    ['Looked for', query],
    [
      'Read',
      `${counted(passages.length, 'passage')}, of which ${new Set(citations.map(({ passage }) => passage)).size} are quoted`,
    ],
    ['Sentences', `${statements.length}, with ${counted(citations.length, 'footnote')}`],
    [
      'Written by',
      mode === 'extractive'
        ? 'nobody: the words of the library itself'
        : `${models.generator ?? 'a model'}${cached ? ', kept from an earlier answer' : ''}`,
    ],
    ['Searched with', models.embedder],
    ...(mode === 'generative'
      ? [/** @type {[string, string]} */ (['Used', `${usage.input_tokens} + ${usage.output_tokens} tokens${dollars}`])]
      : []),
    ...(prompts
      ? [
          /** @type {[string, string]} */ ([
            'Prompts',
            Object.entries(prompts)
              .map(([name, hash]) => `${name} ${hash.slice(0, 12)}`)
              .join(', '),
          ]),
        ]
      : []),
    ['Took', `${ms.total} ms: search ${ms.retrieve} ms, first words after ${ms.first_text} ms`],
    ['Answer', answer.id],
  ]
  return html`<section class="receipt" aria-labelledby="receipt-title">
    <h3 id="receipt-title">How this answer came about</h3>
    <dl>
      ${rows.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd dir="auto">${value}</dd>
          </div>`,
      )}
    </dl>
  </section>`
}
