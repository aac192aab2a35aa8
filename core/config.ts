// The only reader of the environment: a frozen Config, or one ConfigError that lists every fault.
import { z } from 'zod'
import { ConfigError } from './errors.ts'
import type { Scope } from './access.ts'
import { MAIN_LIBRARY, settings } from './settings.ts'
import { type Price, priceOf } from './prices.ts'

export type Config = {
  readonly port: number
  readonly host: string
  /** without a slash at its end; null: that of the request */
  readonly publicUrl: string | null
  /** where the machine of a container publishes the server; null: `host` says it */
  readonly publishedHost: string | null
  /** that keys are hashed with; null: the embedded store makes its own */
  readonly keySecret: string | null
  /** null: people log in with keys alone */
  readonly signOn: SignOnConfig | null
  /** whose pages may show the widget */
  readonly widgetOrigins: readonly string[]
  /** the one that is served to this machine, and that commands are about */
  readonly library: string
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
  /** of any model, as `priceOf` reads them */
  readonly modelPrices: string
  /** per day (UTC); null: no limit */
  readonly budgetUsdPerDay: number | null
  readonly grounding: 'lexical' | 'model'
  readonly unsupported: 'mark' | 'withhold'
  /** requests of one key: a minute, and at once on each server */
  readonly quota: { readonly perMinute: number; readonly atOnce: number }
  /** what is least important is refused when there is too much to do */
  readonly sheds: boolean
  readonly uploads: 'off' | 'loopback' | 'on'
  /** who learns documents, where more than one process can */
  readonly workers: 'beside' | 'only'
  /** null: the server does not speak to Slack */
  readonly slack: SlackConfig | null
  readonly metrics: 'off' | 'loopback' | 'on'
  /** null: nothing is traced */
  readonly traces: TracesConfig | null
  /** log lines hold what was asked */
  readonly logQuestions: boolean
  readonly logLevel: string
  /** what no log line may hold, whoever wrote it */
  readonly secrets: readonly string[]
}

/** Accounts of somebody else, by OpenID Connect. */
export type SignOnConfig = {
  readonly issuer: string
  readonly clientId: string
  /** null: PKCE alone */
  readonly clientSecret: string | null
  /** mail addresses and `@domains` in lower case, or `*` */
  readonly allow: readonly string[]
  readonly scopes: readonly Scope[]
  /** where the issuer sends people back to */
  readonly publicUrl: string
}

export type TracesConfig = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** spans hold what was asked */
  readonly questions: boolean
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
  if (parsed.success) faults.push(...libraryFaults(parsed.data), ...budgetFaults(parsed.data))
  faults.push(...slackFaults(set), ...signOnFaults(set))
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults)
  return toConfig(parsed.data, { library: set['LIBRARY_DIR'] !== undefined, sources: set['SOURCES'] !== undefined })
}

/** The embedded database runs as superuser, whom no wall between libraries holds. */
function libraryFaults({ LIBRARY, DATABASE_URL }: z.output<typeof environment>): string[] {
  if (DATABASE_URL !== undefined || LIBRARY === MAIN_LIBRARY) return []
  return [
    `LIBRARY is ${JSON.stringify(LIBRARY)}, but the embedded database holds one library, ${MAIN_LIBRARY}, as it cannot keep two apart: set DATABASE_URL, or name no other`,
  ]
}

/** A limit on a model without a price would never be reached. */
function budgetFaults(env: z.output<typeof environment>): string[] {
  if (env.BUDGET_USD_PER_DAY === undefined || priceOf(env.MODEL_PRICES, env.CHAT_MODEL) || !hasProvider(env)) return []
  return [
    `BUDGET_USD_PER_DAY is ${env.BUDGET_USD_PER_DAY} but MODEL_PRICES has no price of ${JSON.stringify(env.CHAT_MODEL)}: add "${env.CHAT_MODEL}=input/output", or unset the budget`,
  ]
}

/** Half of it would be a link that leads nowhere. */
function signOnFaults(set: Readonly<Record<string, string | undefined>>): string[] {
  if (set['OIDC_ISSUER'])
    return ['OIDC_CLIENT_ID', 'OIDC_ALLOW', 'PUBLIC_URL']
      .filter((name) => !set[name])
      .map((name) => `OIDC_ISSUER is set but ${name} is not: set it as well, or unset OIDC_ISSUER`)
  return ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_ALLOW', 'OIDC_SCOPES']
    .filter((name) => set[name])
    .map((name) => `${name} is set but OIDC_ISSUER is not: set both, or unset it`)
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
    publishedHost: env.PUBLISHED_HOST ?? null,
    keySecret: env.KEY_SECRET ?? null,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    signOn: signOnOf(env),
    widgetOrigins: env.WIDGET_ORIGINS?.split(',') ?? [],
    library: env.LIBRARY,
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
    modelPrices: env.MODEL_PRICES,
    budgetUsdPerDay: env.BUDGET_USD_PER_DAY ?? null,
    grounding: env.GROUNDING,
    unsupported: env.UNSUPPORTED,
    quota: { perMinute: env.RATE_PER_KEY, atOnce: env.PARALLEL_PER_KEY },
    sheds: env.SHEDDING === 'on',
    uploads: env.UPLOADS,
    workers: env.WORKERS,
    slack: slackOf(env),
    metrics: env.METRICS,
    traces: tracesOf(env),
    logQuestions: env.LOG_QUESTIONS === 'on',
    logLevel: env.LOG_LEVEL,
    secrets: secretsOf(env),
  })
}

function signOnOf(env: z.output<typeof environment>): SignOnConfig | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId = '', OIDC_CLIENT_SECRET: clientSecret = null } = env
  if (issuer === undefined) return null
  return {
    issuer,
    clientId,
    clientSecret,
    allow: env.OIDC_ALLOW?.toLowerCase().split(',') ?? [],
    scopes: [...new Set(env.OIDC_SCOPES.split(',') as Scope[])],
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') ?? '',
  }
}

/** As the specification of OpenTelemetry reads its variables. */
function tracesOf(env: z.output<typeof environment>): TracesConfig | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = env
  const url = whole ?? (base && `${base.replace(/\/+$/, '')}/v1/traces`)
  if (url === undefined) return null
  return { url, headers: otlpHeaders(env), questions: env.LOG_QUESTIONS === 'on' }
}

function otlpHeaders({ OTEL_EXPORTER_OTLP_HEADERS: list = '' }: z.output<typeof environment>): Record<string, string> {
  const pairs = list.split(',').filter(Boolean)
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim(), percentDecoded(pair.slice(at + 1).trim())]
    }),
  )
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// Shorter ones would be found in words that are none; and the password that docker-compose.yml begins with is our name.
const SHORTEST_SECRET = 8
const NO_SECRET = 'footnote'

/** As they are written, and the parts of them that are sent. */
function secretsOf(env: z.output<typeof environment>): string[] {
  const whole = [...secrets].flatMap((name) => env[name as keyof typeof env] ?? []).map(String)
  const password = env.DATABASE_URL === undefined ? '' : new URL(env.DATABASE_URL).password
  const parts = [password, percentDecoded(password), ...Object.values(otlpHeaders(env))]
  return [...new Set([...whole, ...parts])].filter((each) => each.length >= SHORTEST_SECRET && each !== NO_SECRET)
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
  'KEY_SECRET',
  'OIDC_CLIENT_SECRET',
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
  'OTEL_EXPORTER_OTLP_HEADERS',
])

function describe(issue: z.core.$ZodIssue, env: Readonly<Record<string, string | undefined>>): string {
  const name = String(issue.path[0])
  const found = secrets.has(name) ? 'its value (not shown)' : JSON.stringify(env[name])
  const meaning = name in settings ? settings[name as keyof typeof settings].meaning : ''
  return `${name}: ${found} ${issue.message}. Expected: ${meaning}, for example ${settings[name as keyof typeof settings].example}`
}
