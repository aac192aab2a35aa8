// The only reader of the environment: a frozen Config, or one ConfigError that lists every fault.
import { z } from 'zod'
import { ConfigError } from './errors.ts'
import { type Price, priceList, priceOf } from './prices.ts'

type Setting<T extends z.ZodType = z.ZodType> = {
  readonly schema: T
  readonly meaning: string
  readonly example: string
}

const setting = <T extends z.ZodType>(schema: T, meaning: string, example: string): Setting<T> => ({
  schema,
  meaning,
  example,
})
const text = z.string().min(1, 'is empty')
const urlOf = (protocols: RegExp, shape: string) => z.url({ protocol: protocols, error: `is not a URL like ${shape}` })

/** Every setting: what the schema accepts, what it means, an example. `.env.example` and the README are tested against this. */
export const settings = {
  PORT: setting(
    z
      .string()
      .regex(/^\d+$/, 'is not a port (0 to 65535)')
      .default('3000')
      .transform(Number)
      .pipe(z.int('is not a whole number').min(0).max(65_535, 'is not a port (0 to 65535)')),
    'port of the server',
    '3000',
  ),
  HOST: setting(
    text.default('127.0.0.1'),
    'address the server listens on; 0.0.0.0 opens it to the network',
    '127.0.0.1',
  ),
  PUBLIC_URL: setting(
    urlOf(/^https?$/, 'https://ask.example.com').optional(),
    'address under which people reach the server, for links in chats; without it that of the request',
    'https://ask.example.com',
  ),
  DATA_DIR: setting(text.default('data'), 'folder of the embedded database', 'data'),
  LIBRARY_DIR: setting(text.default('library'), 'folder that is learned at every start', 'library'),
  SOURCES: setting(
    text.default('sources.yaml'),
    'file that describes where documents come from (docs/sources.md); when it is there it is learned in place of LIBRARY_DIR',
    'sources.yaml',
  ),
  DATABASE_URL: setting(
    urlOf(/^postgres(ql)?$/, 'postgres://user:password@host:5432/name').optional(),
    'Postgres 15 or later with pgvector; without it the embedded database is used',
    'postgres://footnote:footnote@localhost:5432/footnote',
  ),
  OPENAI_API_KEY: setting(
    text.optional(),
    'key of the model provider; without it answers are verbatim extracts',
    'sk-…',
  ),
  OPENAI_BASE_URL: setting(
    urlOf(/^https?$/, 'http://localhost:11434/v1').optional(),
    'any OpenAI-compatible server (Ollama, vLLM, LM Studio …)',
    'http://localhost:11434/v1',
  ),
  CHAT_MODEL: setting(text.default('gpt-4.1-mini'), 'model that writes the answers', 'gpt-4.1-mini'),
  EMBEDDING_MODEL: setting(
    text.optional(),
    'embedding model of the provider; without it the built-in embedder is used',
    'text-embedding-3-small',
  ),
  MODEL_PRICES: setting(
    text.regex(priceList, 'is not a list of model=input/output').default('gpt-4.1-mini=0.40/1.60'),
    'US dollars per million tokens, model=input/output, by commas; a model that is not in it costs 0',
    'gpt-4.1-mini=0.40/1.60,gpt-4.1=2/8',
  ),
  BUDGET_USD_PER_DAY: setting(
    z
      .string()
      .regex(/^\d+(\.\d+)?$/, 'is not an amount of dollars')
      .transform(Number)
      .optional(),
    'what the model may cost in a day (UTC); beyond it answers are verbatim extracts. Unset: no limit',
    '5',
  ),
  GROUNDING: setting(
    z.enum(['lexical', 'model'], 'is not one of the choices').default('lexical'),
    'how the sentences of a model are checked: by their words (lexical), or by the model as well (model)',
    'model',
  ),
  UNSUPPORTED: setting(
    z.enum(['mark', 'withhold'], 'is not one of the choices').default('mark'),
    'sentences of a model that nothing supports: shown and marked (mark), or not shown (withhold)',
    'withhold',
  ),
  UPLOADS: setting(
    z.enum(['off', 'loopback', 'on'], 'is not one of the choices').default('loopback'),
    'who may add documents over HTTP: nobody (off), programs on this machine while HOST is a loopback address (loopback), or whoever reaches the server (on)',
    'off',
  ),
  SLACK_BOT_TOKEN: setting(
    text.regex(/^xoxb-/, 'does not begin with xoxb-').optional(),
    'bot token of the Slack app; with it the server answers in Slack',
    'xoxb-…',
  ),
  SLACK_SIGNING_SECRET: setting(
    text.optional(),
    'signing secret of the Slack app: Slack sends to /slack/… over HTTP',
    '8f742231b10e8888abcd99yyyzzz85a5',
  ),
  SLACK_APP_TOKEN: setting(
    text.regex(/^xapp-/, 'does not begin with xapp-').optional(),
    'app-level token of the Slack app: the server connects to Slack itself (Socket Mode) and needs no public address',
    'xapp-…',
  ),
  SLACK_CHANNELS: setting(
    text.regex(/^[CG][A-Z0-9]+(?:,[CG][A-Z0-9]+)*$/, 'is not a list of channel ids').optional(),
    'ids of the channels in which every message is answered, by commas; elsewhere the app wants to be mentioned',
    'C0123456789,C0ABCDEFGHI',
  ),
  SLACK_HUMAN_CHANNEL: setting(
    text.regex(/^[CG][A-Z0-9]+$/, 'is not the id of a channel').optional(),
    'id of the channel to which "need a human" posts; without it there is no such button',
    'C0123456789',
  ),
  SLACK_API_URL: setting(
    urlOf(/^https?$/, 'https://slack.com/api/').default('https://slack.com/api/'),
    "address of Slack's Web API, for other installations",
    'https://slack-gov.com/api/',
  ),
  LOG_LEVEL: setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'is not one of the choices').default('info'),
    'trace, debug, info, warn, error or silent',
    'info',
  ),
} as const

export type Config = {
  readonly port: number
  readonly host: string
  /** without a slash at its end; null: that of the request */
  readonly publicUrl: string | null
  readonly dataDir: string
  readonly libraryDir: string
  /** false: it is where a library is by default, and there need not be one */
  readonly libraryDirIsSet: boolean
  readonly sources: string
  /** false: it is where the file is by default, and there need not be one */
  readonly sourcesIsSet: boolean
  readonly databaseUrl: string | null
  /** null: no provider, answers are extractive */
  readonly provider: Provider | null
  /** null: the built-in embedder */
  readonly embeddingModel: string | null
  /** of `embeddingModel`; null: not known, or it is built in */
  readonly embeddingPrice: Price | null
  /** per day (UTC); null: no limit */
  readonly budgetUsdPerDay: number | null
  readonly grounding: 'lexical' | 'model'
  readonly unsupported: 'mark' | 'withhold'
  readonly uploads: 'off' | 'loopback' | 'on'
  /** null: the server does not speak to Slack */
  readonly slack: SlackConfig | null
  readonly logLevel: string
}

/** At least one of `signingSecret` and `appToken` is there: how Slack's messages come in. */
export type SlackConfig = {
  readonly botToken: string
  /** over HTTP */
  readonly signingSecret: string | null
  /** over a connection of ours */
  readonly appToken: string | null
  /** where every message is a question */
  readonly channels: readonly string[]
  readonly humanChannel: string | null
  readonly apiUrl: string
}

type Provider = {
  readonly apiKey: string
  readonly baseUrl: string | null
  readonly chatModel: string
  /** of `chatModel`, in US dollars per million tokens; null: not known */
  readonly price: Price | null
}

// The schema of each setting, under its name.
const environment = z.object(
  Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema])) as {
    readonly [Name in keyof typeof settings]: (typeof settings)[Name]['schema']
  },
)

/** Pure: the environment is an argument. A blank variable counts as unset, as compose files and shells write them. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''))
  const parsed = environment.safeParse(set)
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => describe(issue, set))
  if (set['EMBEDDING_MODEL'] && !set['OPENAI_API_KEY'] && !set['OPENAI_BASE_URL'])
    faults.push(
      `EMBEDDING_MODEL is ${JSON.stringify(set['EMBEDDING_MODEL'])} but there is no provider: set OPENAI_API_KEY or OPENAI_BASE_URL, or unset it`,
    )
  if (parsed.success) faults.push(...budgetFaults(parsed.data))
  faults.push(...slackFaults(set))
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults)
  return toConfig(parsed.data, { library: set['LIBRARY_DIR'] !== undefined, sources: set['SOURCES'] !== undefined })
}

/** A limit on a model without a price would never be reached. */
function budgetFaults(env: z.output<typeof environment>): string[] {
  if (env.BUDGET_USD_PER_DAY === undefined || priceOf(env.MODEL_PRICES, env.CHAT_MODEL) || !hasProvider(env)) return []
  return [
    `BUDGET_USD_PER_DAY is ${env.BUDGET_USD_PER_DAY} but MODEL_PRICES has no price of ${JSON.stringify(env.CHAT_MODEL)}: add "${env.CHAT_MODEL}=input/output", or unset the budget`,
  ]
}

/** Half a Slack app would look like one that answers, and say nothing. */
function slackFaults(set: Readonly<Record<string, string | undefined>>): string[] {
  const needing = ['SLACK_SIGNING_SECRET', 'SLACK_APP_TOKEN', 'SLACK_CHANNELS', 'SLACK_HUMAN_CHANNEL']
  if (!set['SLACK_BOT_TOKEN'])
    return needing
      .filter((name) => set[name])
      .map((name) => `${name} is set but SLACK_BOT_TOKEN is not: without it nothing can be said. Set both, or unset it`)
  if (set['SLACK_SIGNING_SECRET'] || set['SLACK_APP_TOKEN']) return []
  return [
    'SLACK_BOT_TOKEN is set but nothing can come in: set SLACK_SIGNING_SECRET (Slack sends over HTTP) or SLACK_APP_TOKEN (the server connects to Slack)',
  ]
}

/** The process's own environment, with `.env` of the working directory underneath it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  try {
    process.loadEnvFile()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return process.env
}

function hasProvider(env: z.output<typeof environment>): boolean {
  return env.OPENAI_API_KEY !== undefined || env.OPENAI_BASE_URL !== undefined
}

type IsSet = { readonly library: boolean; readonly sources: boolean }

function toConfig(env: z.output<typeof environment>, isSet: IsSet): Config {
  return Object.freeze({
    port: env.PORT,
    host: env.HOST,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    dataDir: env.DATA_DIR,
    libraryDir: env.LIBRARY_DIR,
    libraryDirIsSet: isSet.library,
    sources: env.SOURCES,
    sourcesIsSet: isSet.sources,
    databaseUrl: env.DATABASE_URL ?? null,
    provider: hasProvider(env)
      ? {
          apiKey: env.OPENAI_API_KEY ?? 'none',
          baseUrl: env.OPENAI_BASE_URL ?? null,
          chatModel: env.CHAT_MODEL,
          price: priceOf(env.MODEL_PRICES, env.CHAT_MODEL),
        }
      : null,
    embeddingModel: env.EMBEDDING_MODEL ?? null,
    embeddingPrice: env.EMBEDDING_MODEL === undefined ? null : priceOf(env.MODEL_PRICES, env.EMBEDDING_MODEL),
    budgetUsdPerDay: env.BUDGET_USD_PER_DAY ?? null,
    grounding: env.GROUNDING,
    unsupported: env.UNSUPPORTED,
    uploads: env.UPLOADS,
    slack: slackOf(env),
    logLevel: env.LOG_LEVEL,
  })
}

function slackOf(env: z.output<typeof environment>): SlackConfig | null {
  if (env.SLACK_BOT_TOKEN === undefined) return null
  return {
    botToken: env.SLACK_BOT_TOKEN,
    signingSecret: env.SLACK_SIGNING_SECRET ?? null,
    appToken: env.SLACK_APP_TOKEN ?? null,
    channels: env.SLACK_CHANNELS?.split(',') ?? [],
    humanChannel: env.SLACK_HUMAN_CHANNEL ?? null,
    apiUrl: env.SLACK_API_URL,
  }
}

const secrets = new Set<string>([
  'OPENAI_API_KEY',
  'DATABASE_URL',
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
])

function describe(issue: z.core.$ZodIssue, env: Readonly<Record<string, string | undefined>>): string {
  const name = String(issue.path[0])
  const found = secrets.has(name) ? 'its value (not shown)' : JSON.stringify(env[name])
  const meaning = name in settings ? settings[name as keyof typeof settings].meaning : ''
  return `${name}: ${found} ${issue.message}. Expected: ${meaning}, for example ${settings[name as keyof typeof settings].example}`
}
