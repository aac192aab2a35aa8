// A store in memory with nothing in it, for what needs none; any part of it can be made to fail.
import { StoreError } from '../../core/errors.ts'
import type { KeyStore, SessionStore } from '../../core/access.ts'
import type { ConversationStore, RatedAnswer } from '../../core/conversations.ts'
import type { JobStore } from '../../core/jobs.ts'
import type { AnswerStore, DocumentStore, ReplyStore, Store } from '../../core/ports.ts'
import type { OriginStore } from '../../core/origins.ts'
import type { IndexReport, StoreStatus } from '../../core/reports.ts'
import type { SpaceStore } from '../../core/spaces.ts'
import type { SyncStore } from '../../core/syncs.ts'
import { isTerminal, type Question, type StoredEvent } from '../../core/types.ts'

export const outage = () => new StoreError('store-unavailable', 'no route to 10.1.2.3:5432', { retryable: true })

/** As a surface hands it over. */
export const question: Question = {
  id: 'ans_1',
  text: 'How?',
  library: 'main',
  conversationId: 'con_1',
  history: [],
  mode: 'auto',
}

/** Answers in memory, with the laws of the real one: numbers are taken once, and nothing follows a terminal event. */
export function memoryAnswers(): AnswerStore & { readonly logs: Map<string, StoredEvent[]> } {
  const logs = new Map<string, StoredEvent[]>()
  const given = new Map<string, RatedAnswer['feedback']>()
  const find = async (id: string) => {
    const last = logs.get(id)?.at(-1)?.event
    return last && 'answer' in last ? { ...last.answer, feedback: given.get(id) ?? null } : null
  }
  const alive = new Map<string, number>()
  const askedFor = new Map<string, readonly string[]>()
  return {
    logs,
    begin: async ({ id, audiences }) => {
      logs.set(id, [])
      if (audiences) askedFor.set(id, audiences)
      alive.set(id, performance.now())
    },
    renew: async (running) => {
      for (const { id } of running) if (alive.has(id)) alive.set(id, performance.now())
    },
    silenceMs: async (_library, id) => performance.now() - (alive.get(id) ?? performance.now()),
    append: async (_library, id, events) => {
      const log = logs.get(id)
      if (!log) throw new StoreError('store-failed', `There is no answer ${id}.`)
      for (const event of events) {
        if (log.some((each) => each.seq === event.seq || isTerminal(each.event)))
          throw new StoreError('store-answer-ended', `The answer ${id} takes no event ${event.seq}.`)
        log.push(event)
      }
    },
    events: async (_library, id, after) => logs.get(id)?.filter(({ seq }) => seq > after) ?? null,
    find: async (_library, id) => await find(id),
    owner: async (_library, id) => (logs.has(id) ? { owner: null } : null),
    audiences: async (_library, id) => askedFor.get(id) ?? null,
    rate: async (_library, id, feedback) => {
      given.set(id, feedback && { ...feedback, givenAt: '2026-01-01T00:00:00.000Z' })
      return await find(id)
    },
    turns: async () => [],
    list: async () => [],
  }
}

export function memoryReplies(): ReplyStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    find: async (library, key) => kept.get(`${library} ${key}`) ?? null,
    keep: async (library, key, reply) => void kept.set(`${library} ${key}`, reply),
  }
}

const noConversations: ConversationStore = {
  isOpenTo: async () => true,
  owner: async () => null,
  owns: async () => false,
  list: async () => ({ conversations: [], next: null }),
  find: async () => null,
  rename: async () => null,
  remove: async () => false,
}

export const noDocuments: DocumentStore = {
  known: async () => new Map(),
  knownVectors: async () => ({ space: 'fake', vectors: new Map() }),
  save: async () => 'unchanged',
  remove: async () => false,
  adopt: async () => {},
  see: async () => {},
  purge: async () => 0,
  uploadsToLearn: async () => [],
  upload: async () => null,
  keepFromAll: async () => {},
  find: async () => null,
  count: async () => 0,
  list: async () => [],
}

const noSyncs: SyncStore = {
  begin: async () => {},
  renew: async () => 'running',
  cancel: async () => false,
  end: async () => {},
  note: async () => {},
  closeDead: async () => {},
  find: async () => null,
  list: async () => [],
  outcomes: async () => [],
  changes: async () => [],
  markUndone: async () => {},
  failures: async () => [],
  settle: async () => {},
}

const noJobs: JobStore = {
  collect: async () => [],
  take: async () => null,
  settle: async () => {},
  blame: async () => {},
  giveUp: async () => {},
  waiting: async () => ({ workers: 0, documents: 0 }),
}

const noKeys: KeyStore = {
  welcome: async () => true,
  create: async ({ id, library, name, scopes, origins, expiresAt }) => {
    const createdAt = '2026-01-01T00:00:00.000Z'
    return { id, library, name, scopes, origins, expiresAt, createdAt, revokedAt: null, issuer: null, lastUsedAt: null }
  },
  find: async () => null,
  touch: async () => {},
  list: async () => [],
  revoke: async () => false,
  count: async () => ({ made: 0, hold: 0 }),
  misfits: async () => 0,
  holding: async () => new Set(),
}

const noSessions: SessionStore = {
  begin: async () => {},
  find: async () => null,
  end: async () => {},
  holding: async () => new Set(),
}

const noOrigins: OriginStore = {
  memory: async () => null,
  remember: async () => {},
  take: async () => true,
  takeDue: async () => null,
  renew: async () => {},
  release: async () => {},
  schedule: async () => {},
  list: async () => [],
  clock: async () => new Date(),
}

const noSpaces: SpaceStore = {
  list: async () => [],
  make: async () => {},
  count: async () => ({ chunks: 0, missing: 0 }),
  missing: async () => [],
  fill: async () => {},
  switch: async () => true,
  drop: async () => {},
  recorded: async () => [],
}

export function emptyStore(): Store {
  return {
    documents: noDocuments,
    search: {
      candidates: async () => [],
      state: async () => ({ chunks: 0, changes: 0, space: null }),
      vocabulary: async () => new Map(),
      readable: async () => ({ chunks: 0, vocabulary: new Map() }),
    },
    answers: memoryAnswers(),
    conversations: noConversations,
    replies: memoryReplies(),
    repeats: { claim: async () => null, keep: async () => {}, forget: async () => {} },
    spending: { reserve: async (_library, usd) => ({ day: '2026-01-01', usd }), settle: async () => {} },
    reports: {
      status: async () => emptyStatus,
      index: async () => wholeIndex,
      waiting: async () => 0,
      unanswered: async () => [],
    },
    inbox: {
      keep: async () => true,
      take: async () => [],
      renew: async () => new Set(),
      remember: async () => {},
      postpone: async () => {},
      end: async () => {},
      sweep: async () => {},
    },
    syncs: noSyncs,
    jobs: noJobs,
    hosts: { take: async () => ({ turn: 1, waitMs: 0 }), release: async () => {} },
    origins: noOrigins,
    spaces: noSpaces,
    connections: () => ({ busy: 0, idle: 0, waiting: 0 }),
    keys: noKeys,
    sessions: noSessions,
    audit: { note: async () => {}, list: async () => [] },
    ping: async () => {},
    close: async () => {},
  }
}

export const emptyStatus: StoreStatus = {
  schema: { postgres: '17.0', pgvector: '0.8.0', missing: [], unknown: [] },
  bytes: 0,
  library: {
    documents: 0,
    chunks: 0,
    changedAt: null,
    space: null,
    answers: { answered: 0, abstained: 0, stopped: 0 },
    ratings: { up: 0, down: 0 },
    today: { calls: 0, spentUsd: 0, reservedUsd: 0 },
  },
}

const none = { count: 0, some: [] }

/** An index of nothing, in which everything agrees. */
export const wholeIndex: IndexReport = {
  chunks: 0,
  recordedChunks: 0,
  withoutVector: none,
  withoutSigns: none,
  withoutWords: none,
  strayWords: 0,
  miscountedWords: 0,
  emptyDocuments: none,
  oldChunks: 0,
}

/** Every call of every part fails, also of those that a port gets later. */
export function brokenStore(fault: () => unknown = outage): Store {
  const fail = async () => {
    throw fault()
  }
  // A part whose every method is `fail` has whatever shape its port asks for.
  const part = () => new Proxy({}, { get: () => fail }) as never
  return {
    documents: part(),
    search: part(),
    answers: part(),
    conversations: part(),
    replies: part(),
    repeats: part(),
    spending: part(),
    reports: part(),
    inbox: part(),
    syncs: part(),
    jobs: part(),
    hosts: part(),
    origins: part(),
    spaces: part(),
    connections: () => ({ busy: 0, idle: 0, waiting: 0 }),
    keys: part(),
    sessions: part(),
    audit: part(),
    ping: fail,
    close: async () => {},
  }
}
