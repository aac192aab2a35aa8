// Who may read what: the channels and user groups whose documents an answer may be made from.
import type { Log } from '../../core/log.ts'
import { before } from '../../core/waiting.ts'
import { type SlackApi, SlackError, unstopped } from './api.ts'

export type Audiences = {
  /** what everyone in a channel may read */
  readonly ofChannel: (channel: string, signal: AbortSignal) => Promise<readonly string[]>
  /** what one person may read */
  readonly ofUser: (user: string, signal: AbortSignal) => Promise<readonly string[]>
}

// Who has left a channel reads its documents for so long at most.
const KEPT_MS = 180_000
const KEPT = 2_000
// 5,000 channels of one person.
const PAGES = 25

export function createAudiences(api: SlackApi, log: Log, keptMs = KEPT_MS): Audiences {
  const kept = new Map<string, { readonly until: number; readonly names: Promise<readonly string[]> }>()
  const keep = async (key: string, ask: () => Promise<readonly string[]>, signal: AbortSignal) => {
    const known = kept.get(key)
    if (known && known.until > performance.now()) return await before(known.names, signal)
    if (kept.size >= KEPT) kept.clear()
    const names = ask()
    kept.set(key, { until: performance.now() + keptMs, names })
    names.catch(() => kept.delete(key))
    return await before(names, signal)
  }
  /** Without the right to ask, nobody is known to belong anywhere: only what is for all is read. */
  const orNobody = async (what: string, names: Promise<readonly string[]>) =>
    await names.catch((error: unknown) => {
      if (!(error instanceof SlackError) || error.retryable || isGone.test(error.reason)) throw error
      log.warn({ reason: error.reason, what }, 'slack does not say who may read what')
      return []
    })
  return {
    ofChannel: async (channel, signal) =>
      await keep(channel, async () => await orNobody('channel', nameOf(api, channel)), signal),
    ofUser: async (user, signal) => {
      const ask = async () => {
        const channels = await orNobody('channels', channelsOf(api, user))
        return [...new Set([...channels, ...(await orNobody('groups', groupsOf(api, user)))])]
      }
      return await keep(user, ask, signal)
    },
  }
}

const isGone = /^(?:channel_not_found|is_archived|token_.*|invalid_auth|not_authed|account_inactive)$/

async function nameOf(api: SlackApi, channel: string): Promise<readonly string[]> {
  const { channel: found } = await api.call<{ channel?: Named }>('conversations.info', { channel }, unstopped)
  return found?.name ? [found.name] : []
}

type Named = { readonly name?: string }
type Paged = { readonly response_metadata?: { readonly next_cursor?: string } }

async function channelsOf(api: SlackApi, user: string): Promise<readonly string[]> {
  const names: string[] = []
  let cursor = ''
  for (let page = 0; page < PAGES; page++) {
    const asked = { user, types: 'public_channel,private_channel', exclude_archived: true, limit: 200 }
    const found = await api.call<Paged & { channels?: Named[] }>(
      'users.conversations',
      { ...asked, ...(cursor !== '' && { cursor }) },
      unstopped,
    )
    names.push(...(found.channels ?? []).flatMap(({ name }) => name ?? []))
    cursor = found.response_metadata?.next_cursor ?? ''
    if (cursor === '') break
  }
  return names
}

type Group = { readonly handle?: string; readonly users?: readonly string[] }

async function groupsOf(api: SlackApi, user: string): Promise<readonly string[]> {
  const { usergroups = [] } = await api.call<{ usergroups?: Group[] }>(
    'usergroups.list',
    { include_users: true },
    unstopped,
  )
  return usergroups.flatMap(({ handle, users }) => (handle && users?.includes(user) ? [handle] : []))
}
