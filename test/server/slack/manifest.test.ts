// The manifest and the program say the same: addresses, events, names and what the app must be allowed to.
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { SCOPES } from '../../../server/slack/credentials.ts'
import { readInteraction } from '../../../server/slack/interactions.ts'
import { slackRoutes } from '../../../server/slack/routes.ts'

const text = await readFile(new URL('../../../slack-manifest.yaml', import.meta.url), 'utf8')
const address = z.url({ protocol: /^https$/ })
const {
  features,
  oauth_config: oauth,
  settings,
} = z
  .object({
    display_information: z.object({ name: z.string().max(35), description: z.string().max(140) }),
    features: z.object({
      app_home: z.object({ messages_tab_enabled: z.literal(true), messages_tab_read_only_enabled: z.literal(false) }),
      bot_user: z.object({ display_name: z.string().max(80) }),
      assistant_view: z.object({ assistant_description: z.string().max(300) }),
      slash_commands: z.array(z.object({ command: z.string(), url: address, description: z.string().max(2_000) })),
      shortcuts: z.array(
        z.object({
          name: z.string().max(24),
          type: z.literal('message'),
          callback_id: z.string(),
          description: z.string().max(150),
        }),
      ),
    }),
    oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }),
    settings: z.object({
      event_subscriptions: z.object({ request_url: address, bot_events: z.array(z.string()) }),
      interactivity: z.object({ is_enabled: z.literal(true), request_url: address }),
      socket_mode_enabled: z.literal(false),
    }),
  })
  .parse(parse(text))

// Of Slack's reference: what an app must be allowed to, to be told of it.
const scopeOf: Readonly<Record<string, string>> = {
  app_mention: 'app_mentions:read',
  assistant_thread_context_changed: 'assistant:write',
  assistant_thread_started: 'assistant:write',
  'message.channels': 'channels:history',
  'message.groups': 'groups:history',
  'message.im': 'im:history',
}

const spaces = (kind: string) => ['channels', 'groups', 'im'].map((space) => `${space}:${kind}`)

// Of Slack's reference: what an app must be allowed to, to call it.
const scopesOf: Readonly<Record<string, readonly string[]>> = {
  'assistant.threads.setStatus': ['assistant:write'],
  'auth.test': [],
  'chat.appendStream': ['chat:write'],
  'chat.delete': ['chat:write'],
  'chat.getPermalink': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.startStream': ['chat:write'],
  'chat.stopStream': ['chat:write'],
  'chat.update': ['chat:write'],
  // Asked of channels alone: who reads a direct message is known.
  'conversations.history': spaces('history'),
  'conversations.info': ['channels:read', 'groups:read'],
  'conversations.open': ['im:write'],
  'conversations.replies': spaces('history'),
  'usergroups.list': ['usergroups:read'],
  'users.conversations': ['channels:read', 'groups:read'],
  'views.open': [],
}

const folder = new URL('../../../server/slack/', import.meta.url)
const sources = (await readdir(folder)).map(async (name) => await readFile(new URL(name, folder), 'utf8'))
const called = /(?<!startsWith\()'((?:assistant|auth|chat|conversations|usergroups|users|views)\.[\w.]+)'/g
const methods = (await Promise.all(sources)).flatMap((source) =>
  Array.from(source.matchAll(called), ([, name]) => name!),
)

describe('the manifest', () => {
  it('sends to every address that the server has, and to no other', () => {
    const [command] = features.slash_commands
    const named = [command?.url, settings.event_subscriptions.request_url, settings.interactivity.request_url]
    const paths = slackRoutes(async () => null, 'secret').routes.map(({ path }) => path)
    expect(named.map((url) => new URL(url ?? '').pathname).toSorted()).toEqual(paths.toSorted())
  })

  it('subscribes to the events that are read, and asks for what each of them needs', () => {
    expect(settings.event_subscriptions.bot_events).toEqual(Object.keys(scopeOf))
    const { bot: scopes } = oauth.scopes
    expect(Object.values(scopeOf).filter((scope) => !scopes.includes(scope))).toEqual([])
    expect(scopes).toEqual(expect.arrayContaining(['chat:write', 'commands']))
    expect(scopes).toEqual([...new Set(scopes)].toSorted())
    expect(scopes).toEqual(SCOPES)
  })

  it('asks for what each method needs that is called', () => {
    expect([...new Set(methods)].toSorted()).toEqual(Object.keys(scopesOf).toSorted())
    const needed = Object.values(scopesOf).flat()
    expect(needed.filter((scope) => !oauth.scopes.bot.includes(scope))).toEqual([])
  })

  it('names the command and the shortcut as the program does', () => {
    expect(features.slash_commands.map(({ command }) => command)).toEqual(['/footnote'])
    const [shortcut] = features.shortcuts
    const asked = {
      type: 'message_action',
      callback_id: shortcut?.callback_id,
      trigger_id: '1.2.a',
      channel: { id: 'C1' },
      user: { id: 'U1' },
      message: { ts: '1700000000.000100', text: 'how?' },
    }
    expect(readInteraction(asked).type).toBe('task')
  })
})
