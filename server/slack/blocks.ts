// What stands in a message of Slack: an answer, or why there is none, its sources, its buttons. Under Slack's limits.
import type { ViewsOpenArguments } from '@slack/web-api'
import { pageWords } from '../../core/pages.ts'
import { notesOf, refusalOf } from '../../core/refusal.ts'
import { type Answer, feedbackReasons, type Passage } from '../../core/types.ts'
import { pathOf } from '../answer/footnoted.ts'
import type { Block } from './api.ts'
import { mrkdwn, packed, type Unit, unitsOf } from './dialect.ts'
import { passageUrl, sourceUrl } from './links.ts'
import { type Leaf, lineOf, paragraph, type Piece, piecesOf, plain } from './markup.ts'

/** One message: `text` is what notifications and screen readers get. */
export type Page = { readonly text: string; readonly blocks: readonly Block[] }

// Slack takes 3,000 characters a section, 50 blocks a message and 12,000 characters of Markdown; pages of either kind
// are of about one size, and leave room for the buttons.
const SECTION = 3_000
export const PAGE = 11_500
const BLOCKS = 40
const QUOTE = 300
const EXCERPT = 700

export type Shown = { readonly publicUrl: string | null; readonly hasHuman: boolean; readonly isForOne: boolean }

export type Footer = { readonly sources: readonly Piece[]; readonly buttons: readonly Block[] }

const note = (text: string) => paragraph(plain(text, 'italic'))

/** The words of the answer, and what must be known of one that is not all that was asked for. */
export function bodyOf(answer: Answer, publicUrl: string | null): Piece[] {
  const said = piecesOf(answer.answer, answer.citations, publicUrl)
  if (answer.status === 'stopped') return [...said, note('Stopped.')]
  if (answer.status === 'answered') return [...said, ...notesOf(answer).map(note)]
  const nearest = answer.nearest.map((passage): Piece => ({
    ...paragraph(titleLink(passage, passageUrl(passage, publicUrl))),
    bullet: '• ',
    depth: 1,
  }))
  const heading = nearest.length === 0 ? [] : [paragraph(plain('Nearest passages:', 'bold'))]
  return [...said, paragraph(plain(refusalOf(answer))), ...heading, ...nearest]
}

/** Each source once, with the path of its headings and the words that are quoted. */
export function footerOf(answer: Answer, { publicUrl, ...shown }: Shown): Footer {
  const sources = answer.citations.map((citation): Piece => {
    const title = titleLink(citation, sourceUrl(citation, publicUrl))
    const quote = plain(`\u201C${shortened(citation.quote, QUOTE)}\u201D`, 'italic')
    return { ...paragraph(title, plain(' — '), quote), bullet: `[${citation.n}] `, depth: 1 }
  })
  const heading = sources.length === 0 ? [] : [paragraph(plain('Sources', 'bold'))]
  return { sources: [...heading, ...sources], buttons: [buttonsOf(answer, shown)] }
}

/** The whole answer as messages, all under the limits. The buttons stand in the last. */
export function pagesOf(answer: Answer, shown: Shown): Page[] {
  const { sources, buttons } = footerOf(answer, shown)
  return toPages([...bodyOf(answer, shown.publicUrl), ...sources], buttons)
}

export function toPages(pieces: readonly Piece[], last: readonly Block[] = []): Page[] {
  return pagesOfUnits(unitsOf(pieces, mrkdwn), last)
}

/** At least one page, and none is empty. */
export function pagesOfUnits(units: readonly Unit[], last: readonly Block[] = []): Page[] {
  const pages: string[][] = [[]]
  let length = 0
  for (const section of packed(units, SECTION)) {
    if (length + section.length > PAGE || pages.at(-1)?.length === BLOCKS) {
      pages.push([])
      length = 0
    }
    pages.at(-1)?.push(section)
    length += section.length
  }
  return pages.map((sections, at) => ({
    text: sections[0] ?? '…',
    blocks: [...sections.map(sectionOf), ...(at === pages.length - 1 ? last : [])],
  }))
}

/** What the sources add to a message whose text was streamed. */
export function footerBlocks({ sources, buttons }: Footer): readonly Block[] {
  return [...packed(unitsOf(sources, mrkdwn), SECTION).slice(0, BLOCKS).map(sectionOf), ...buttons]
}

/** `verbatim`: of what we did not mark as a link, Slack makes none. */
function sectionOf(text: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }
}

function titleLink(place: Pick<Passage, 'headings' | 'document' | 'page'>, url: string | null): Leaf {
  const text = shortened(pathOf(place), 200) + pageWords(place.page)
  return url === null ? plain(text, 'bold') : { type: 'link', text, url }
}

function shortened(text: string, limit: number): string {
  const line = lineOf(text).trim()
  return line.length <= limit
    ? line
    : `${line
        .slice(0, limit)
        .replace(/[\uD800-\uDBFF]$/, '')
        .trimEnd()}…`
}

function buttonsOf({ id, status }: Answer, { hasHuman, isForOne }: Omit<Shown, 'publicUrl'>): Block {
  const button = (action: string, text: string) => ({
    type: 'button' as const,
    action_id: `footnote_${action}`,
    value: id,
    text: label(text),
  })
  return {
    type: 'actions',
    elements: [
      button('up', '👍'),
      button('down', '👎'),
      ...(status === 'answered' ? [button('passages', 'Show passages')] : []),
      ...(isForOne ? [] : [button('private', 'Ask again privately')]),
      ...(hasHuman ? [button('human', 'Need a human')] : []),
    ],
  }
}

/** Said to one who could read more than the channel: under an answer, to them alone. */
export function privateOffer(id: string): Page {
  const text = 'There is more about this in documents that not everyone here may read.'
  const [page] = toPages([paragraph(plain(text))])
  return {
    text,
    blocks: [
      ...(page?.blocks ?? []),
      {
        type: 'actions',
        elements: [{ type: 'button', action_id: 'footnote_private', value: id, text: label('Ask again privately') }],
      },
    ],
  }
}

/** The passages an answer was made from, as they were numbered. */
export function passagePages({ passages }: Answer, publicUrl: string | null): Page[] {
  const pieces = passages.flatMap((passage) => [
    paragraph(plain(`${passage.n}. `), titleLink(passage, passageUrl(passage, publicUrl))),
    { ...paragraph(plain(shortened(passage.text, EXCERPT))), isQuoted: true },
  ])
  return toPages(pieces.length === 0 ? [paragraph(plain('No passages were read for this answer.'))] : pieces)
}

const reasonTexts: Readonly<Record<(typeof feedbackReasons)[number], string>> = {
  wrong: 'It is wrong',
  unsupported: 'The source does not say that',
  'wrong-source': 'It cites the wrong source',
  incomplete: 'Something is missing',
  'should-have-refused': 'It should have said that it does not know',
  'should-have-answered': 'The library does hold an answer',
  other: 'Something else',
}

const label = (text: string) => ({ type: 'plain_text' as const, text, emoji: true })

/** What a thumb down asks. Slack hands `place` back with what was said. */
export function reasonForm(place: {
  answerId: string
  channel: string
  thread: string | null
}): ViewsOpenArguments['view'] {
  return {
    type: 'modal',
    callback_id: 'footnote_reason',
    private_metadata: JSON.stringify(place),
    title: label('What was wrong?'),
    submit: label('Send'),
    close: label('Cancel'),
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: label('Reason'),
        element: {
          type: 'radio_buttons',
          action_id: 'reason',
          options: feedbackReasons.map((reason) => ({ text: label(reasonTexts[reason]), value: reason })),
        },
      },
      {
        type: 'input',
        block_id: 'comment',
        optional: true,
        label: label('Comment'),
        element: { type: 'plain_text_input', action_id: 'comment', multiline: true, max_length: 2_000 },
      },
    ],
  }
}
