// Every setting: what its schema accepts, what it means, an example. `.env.example` and the README are tested against this.
import { isIP } from 'node:net'
import { z } from 'zod'
import { isLoopback, isOriginList } from './sites.ts'
import { EXAMPLE_SECRET, SHORTEST_SECRET } from './keys.ts'
import { priceList } from './prices.ts'

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
/** The only one of the embedded store. */
export const MAIN_LIBRARY = 'main'

const text = z.string().min(1, 'is empty')
const urlOf = (protocols: RegExp, shape: string) => z.url({ protocol: protocols, error: `is not a URL like ${shape}` })

/** Nobody else reads it on its way. What is no URL is told by another fault. */
function isSafe(url: string): boolean {
  const { protocol, hostname } = URL.parse(url) ?? {}
  return protocol !== 'http:' || isLoopback(hostname ?? '')
}

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
    text.refine((host) => host === 'localhost' || isIP(host) !== 0, 'is no address').default('127.0.0.1'),
    'address the server listens on; 0.0.0.0 opens it to the network',
    '127.0.0.1',
  ),
  PUBLIC_URL: setting(
    urlOf(/^https?$/, 'https://ask.example.com').optional(),
    'address under which people reach the server, for links in chats; without it that of the request',
    'https://ask.example.com',
  ),
  PUBLISHED_HOST: setting(
    text.optional(),
    'in a container: the address at which its machine publishes the server, which decides in place of HOST whether keys are needed',
    '127.0.0.1',
  ),
  KEY_SECRET: setting(
    text.min(SHORTEST_SECRET, `has fewer than ${SHORTEST_SECRET} characters`).optional(),
    'secret that keys are hashed with, the same for all servers of a database; the embedded store makes its own. Made by openssl rand -base64 32',
    EXAMPLE_SECRET,
  ),
  OIDC_ISSUER: setting(
    urlOf(/^https?$/, 'https://accounts.example.com')
      .refine(isSafe, 'is http, which only an issuer on this machine may be')
      .optional(),
    'whose accounts people log in with beside keys (OpenID Connect), in the form that it gives itself',
    'https://accounts.example.com',
  ),
  OIDC_CLIENT_ID: setting(text.optional(), 'what this server is called there', 'footnote'),
  OIDC_CLIENT_SECRET: setting(
    text.optional(),
    'secret that the issuer gave for it; without it the server proves itself by PKCE alone',
    '7Fjfp0ZBr1KtDRbnfVdmIw',
  ),
  OIDC_ALLOW: setting(
    text
      .regex(/^(?:\*|[^\s,@]*@[^\s,@]+(?:,[^\s,@]*@[^\s,@]+)*)$/, 'is not a list like @example.com,ana@example.org')
      .optional(),
    'who may log in so: mail addresses and whole @domains, by commas, or everybody whom the issuer knows (*)',
    '@example.com,ana@example.org',
  ),
  OIDC_SCOPES: setting(
    text
      .regex(/^(?:ask|ingest|admin)(?:,(?:ask|ingest|admin))*$/, 'is not a list of ask, ingest, admin')
      .default('ask'),
    'what they may do then, by commas',
    'ask,ingest',
  ),
  WIDGET_ORIGINS: setting(
    text.refine(isOriginList, 'is not a list of origins, each without a path or a / at its end').optional(),
    'sites whose pages may show the ask box, by commas; without it no other site may',
    'https://docs.example.com,http://localhost:8000',
  ),
  DATA_DIR: setting(text.default('data'), 'folder of the embedded database', 'data'),
  LIBRARY: setting(
    text.regex(/^[\w-]{1,80}$/, 'is no name of a library (letters, digits, _ and -, 80 at most)').default(MAIN_LIBRARY),
    'library that is served to this machine and that commands are about; others beside it need DATABASE_URL',
    MAIN_LIBRARY,
  ),
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
  RATE_PER_KEY: setting(
    z
      .string()
      .regex(/^[1-9]\d{0,6}$/, 'is not a number of requests from 1 to 9999999')
      .default('600')
      .transform(Number),
    'requests a minute of one key, on all servers of a database together; ten seconds of them may come at once',
    '600',
  ),
  PARALLEL_PER_KEY: setting(
    z
      .string()
      .regex(/^[1-9]\d{0,4}$/, 'is not a number of requests from 1 to 99999')
      .default('100')
      .transform(Number),
    'requests and open streams of one key at once, on each server',
    '100',
  ),
  SHEDDING: setting(
    z.enum(['on', 'off'], 'is not one of the choices').default('on'),
    'whether a server with more to do than it can refuses the least important of it (docs/limits.md)',
    'off',
  ),
  UPLOADS: setting(
    z.enum(['off', 'loopback', 'on'], 'is not one of the choices').default('loopback'),
    'who may add documents over HTTP: nobody (off), programs on this machine while HOST is a loopback address, and keys with the scope ingest (loopback), or whoever may reach the server (on)',
    'off',
  ),
  WORKERS: setting(
    z.enum(['beside', 'only'], 'is not one of the choices').default('beside'),
    'who learns documents with DATABASE_URL: the server beside its answers, and every npm run worker (beside), or the workers alone (only)',
    'only',
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
  METRICS: setting(
    z.enum(['off', 'loopback', 'on'], 'is not one of the choices').default('loopback'),
    'who may read /metrics: nobody, and nothing is counted (off), programs on this machine while HOST is a loopback address (loopback), or whoever reaches the server (on)',
    'on',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(
    urlOf(/^https?$/, 'http://localhost:4318').optional(),
    'OpenTelemetry receiver (OTLP over HTTP) that traces are sent to; /v1/traces is added to it',
    'http://localhost:4318',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: setting(
    urlOf(/^https?$/, 'http://localhost:4318/v1/traces').optional(),
    'the same with its whole path, which nothing is added to',
    'http://localhost:4318/v1/traces',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: setting(
    text.regex(/^[^=,\s]+=[^,]*(?:,[^=,\s]+=[^,]*)*$/, 'is not a list of name=value').optional(),
    'headers for that receiver, name=value by commas, values percent-encoded',
    'authorization=Bearer%20…',
  ),
  LOG_QUESTIONS: setting(
    z.enum(['off', 'on'], 'is not one of the choices').default('off'),
    'whether log lines and traces hold what was asked',
    'on',
  ),
  LOG_LEVEL: setting(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'is not one of the choices').default('info'),
    'trace, debug, info, warn, error or silent',
    'info',
  ),
} as const
