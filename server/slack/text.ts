// What somebody wrote in Slack, as plain text: https://docs.slack.dev/messaging/formatting-message-text

// As long as a question may be on any other surface. No part of an earlier message that is behind this is looked at.
const LONGEST = 4_000

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' }

/** What the database holds of a text, and no more than of a question. */
export function storable(text: string): string {
  return text.replaceAll('\0', ' ').trim().slice(0, LONGEST).toWellFormed()
}

/** Links and mentions become what a reader sees of them; `app` is the user id whose mentions only call it: they go. */
export function toPlainText(text: string, app: string | null): string {
  const plain = text
    .replaceAll(marked, (_, inside: string, after: string) => (calls(inside, app) ? ' ' : shown(inside) + after))
    .replaceAll(/&(?:amp|lt|gt);/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/[^\S\n]+/g, ' ')
  return storable(plain)
}

// A command may be sent as it was typed: in that, "a < b > c" is no link.
const marked = /<([@#!][^<>]*|[a-z][a-z\d+.-]*:[^<>]*)>([,:]?)/gi

function calls(inside: string, app: string | null): boolean {
  return app !== null && inside.split('|')[0] === `@${app}`
}

function shown(inside: string): string {
  const bar = inside.indexOf('|')
  const target = bar === -1 ? inside : inside.slice(0, bar)
  const label = bar === -1 ? '' : inside.slice(bar + 1)
  if (target.startsWith('#')) return `#${label || target.slice(1)}`
  if (target.startsWith('@')) return `@${label || target.slice(1)}`
  // <!here>, <!subteam^S1|@team>, <!date^…|yesterday>
  if (target.startsWith('!')) return label || `@${/^!(\w*)/.exec(target)?.[1] ?? ''}`
  return label || target.replace(/^mailto:/, '')
}

/** Ids of the people that are named in it. */
export function mentionsOf(text: string): string[] {
  return Array.from(text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g), ([, user]) => user ?? '')
}
