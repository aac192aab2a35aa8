// Configuration: one frozen object, or every fault at once with what was found and what is expected.
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../core/config.ts'
import { settings } from '../../core/settings.ts'
import { ConfigError } from '../../core/errors.ts'

describe('the configuration', () => {
  it('of an empty environment is the one that needs nothing', () => {
    expect(readConfig({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      publishedHost: null,
      keySecret: null,
      signOn: null,
      publicUrl: null,
      widgetOrigins: [],
      library: 'main',
      dataDir: 'data',
      libraryDir: 'library',
      libraryDirIsSet: false,
      sources: 'sources.yaml',
      sourcesIsSet: false,
      databaseUrl: null,
      provider: null,
      embeddingModel: null,
      modelPrices: 'gpt-4.1-mini=0.40/1.60',
      budgetUsdPerDay: null,
      grounding: 'lexical',
      unsupported: 'mark',
      quota: { perMinute: 600, atOnce: 100 },
      sheds: true,
      uploads: 'loopback',
      workers: 'beside',
      slack: null,
      metrics: 'loopback',
      traces: null,
      logQuestions: false,
      logLevel: 'info',
      secrets: [],
    })
  })

  it('sends traces where OpenTelemetry variables say, to the whole path of the one and below the other', () => {
    const base = readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318/' }).traces
    expect(base).toEqual({ url: 'http://localhost:4318/v1/traces', headers: {}, questions: false })
    const whole = readConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:9/all',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc,x-tenant=one',
      LOG_QUESTIONS: 'on',
    }).traces
    const headers = { authorization: 'Bearer abc', 'x-tenant': 'one' }
    expect(whole).toEqual({ url: 'http://localhost:9/all', headers, questions: true })
  })

  it.each(['', ' ', ' \t'])('takes a blank variable as unset: %j', (blank) => {
    expect(readConfig(Object.fromEntries(Object.keys(settings).map((name) => [name, blank])))).toEqual(readConfig({}))
  })

  it('ignores what it does not know', () => {
    expect(readConfig({ PATH: '/bin', FOOTNOTE_PORT: 'x' })).toEqual(readConfig({}))
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true)
  })

  it('has a provider with a key, with an address, or with both', () => {
    expect(readConfig({ OPENAI_API_KEY: 'sk-1' }).provider).toMatchObject({ apiKey: 'sk-1', baseUrl: null })
    expect(readConfig({ OPENAI_BASE_URL: 'http://localhost:11434/v1' }).provider).toMatchObject({
      baseUrl: 'http://localhost:11434/v1',
    })
    expect(readConfig({ OPENAI_API_KEY: 'sk-1', CHAT_MODEL: 'small' }).provider).toMatchObject({ chatModel: 'small' })
  })

  it('accepts every example it gives', () => {
    const examples = Object.fromEntries(Object.entries(settings).map(([name, { example }]) => [name, example]))
    expect(() => readConfig(examples)).not.toThrow()
  })

  it('has the price of its model when the list names it, to the last =', () => {
    const prices = 'a/b:c=d=0.4/1.6, small=1/0'
    const priceOf = (model: string) =>
      readConfig({ OPENAI_API_KEY: 'k', CHAT_MODEL: model, MODEL_PRICES: prices }).provider?.price
    expect(priceOf('a/b:c=d')).toEqual({ inputUsd: 0.4, outputUsd: 1.6 })
    expect(priceOf('small')).toEqual({ inputUsd: 1, outputUsd: 0 })
    expect(priceOf('gpt-4.1-mini')).toBeNull()
    expect(readConfig({ OPENAI_API_KEY: 'k' }).provider?.price).toEqual({ inputUsd: 0.4, outputUsd: 1.6 })
  })

  it.each(['gpt', 'gpt=1', 'gpt=1/x', '=1/2', 'gpt=1/2,', 'gpt=-1/2'])('does not take %j as prices', (prices) => {
    expect(faultsOf({ MODEL_PRICES: prices })).toHaveLength(1)
  })

  it.each(['0', '5', '0.50'])('takes %s as a budget', (budget) => {
    expect(readConfig({ OPENAI_API_KEY: 'k', BUDGET_USD_PER_DAY: budget }).budgetUsdPerDay).toBe(Number(budget))
  })

  it.each(['-1', '5 USD', '1e3', '.5', 'none'])('does not take %j as a budget', (budget) => {
    expect(faultsOf({ BUDGET_USD_PER_DAY: budget })).toHaveLength(1)
  })

  it('has a Slack app with a bot token and one way in', () => {
    const app = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's', SLACK_CHANNELS: 'C1,G2' }
    expect(readConfig(app).slack).toEqual({
      botToken: 'xoxb-1',
      signingSecret: 's',
      appToken: null,
      channels: ['C1', 'G2'],
      humanChannel: null,
      apiUrl: 'https://slack.com/api/',
    })
    expect(readConfig({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' }).slack?.signingSecret).toBeNull()
  })

  it.each([
    { SLACK_BOT_TOKEN: 'xoxp-1' },
    { SLACK_APP_TOKEN: 'xoxb-1' },
    { SLACK_CHANNELS: '#general' },
    { SLACK_CHANNELS: 'C1, C2' },
    { SLACK_HUMAN_CHANNEL: 'C1,C2' },
    { SLACK_API_URL: 'slack.com' },
  ])('does not take %j', (fault) => {
    const app = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' }
    expect(faultsOf({ ...app, ...fault })).toHaveLength(1)
  })

  it('has the sites that may show the ask box', () => {
    const list = 'https://docs.example.com,http://localhost:8000,http://[::1]:1'
    expect(readConfig({ WIDGET_ORIGINS: list }).widgetOrigins).toEqual(list.split(','))
  })

  it.each([
    '*',
    'null',
    'docs.example.com',
    'https://docs.example.com/',
    'https://docs.example.com/a',
    'file:///a',
    'https://Docs.example.com',
    'https://docs.example.com:443',
    'https://u@docs.example.com',
    'https://a.b,',
    'https://*.example.com/',
    'https://a.b, https://c.d',
    'https://a.b https://c.d',
  ])('does not take %j as sites', (list) => {
    expect(faultsOf({ WIDGET_ORIGINS: list })).toHaveLength(1)
  })

  it.each(['localhost', '0.0.0.0', '::', '::1', '192.168.1.7'])('takes %s as an address', (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host)
  })

  it.each(['0', '1', '65535'])('takes %s as a port', (port) => {
    expect(readConfig({ PORT: port }).port).toBe(Number(port))
  })

  it.each(['-1', '65536', '3.5', 'http', '1e9', '0x10', '1 '])('does not take %j as a port', (port) => {
    expect(faultsOf({ PORT: port })).toHaveLength(1)
  })

  it.each(['postgres://localhost/footnote', 'postgresql://user:p%40ss@db.example.com:5433/footnote?sslmode=require'])(
    'takes %s as a database',
    (url) => {
      expect(readConfig({ DATABASE_URL: url }).databaseUrl).toBe(url)
    },
  )

  it.each(['mysql://localhost/x', 'localhost:5432', 'not a url'])('does not take %j as a database', (url) => {
    expect(faultsOf({ DATABASE_URL: url })).toHaveLength(1)
  })
})

describe('faults of the configuration', () => {
  it('are listed all at once, each with its name, the value found and what is expected', () => {
    const faults = faultsOf({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      OPENAI_BASE_URL: 'ftp://models',
      DATABASE_URL: 'mysql://x/y',
    })
    expect(faults).toHaveLength(4)
    const about = (name: string) => faults.find((fault) => fault.startsWith(`${name}: `)) ?? ''
    expect(about('PORT')).toMatch(/"99999".*0 to 65535.*for example 3000/)
    expect(about('LOG_LEVEL')).toMatch(/"loud".*trace, debug, info, warn, error or silent/)
    expect(about('OPENAI_BASE_URL')).toMatch(/"ftp:\/\/models".*http:\/\/localhost:11434\/v1/)
    expect(about('DATABASE_URL')).toContain('postgres://')
  })

  it('never show a secret', () => {
    const error = errorOf({
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      OPENAI_API_KEY: 'sk-hunter2',
      SLACK_BOT_TOKEN: 'hunter2',
      PORT: 'x',
    })
    expect(`${error.message}${JSON.stringify(error.faults)}`).not.toContain('hunter2')
    expect(error.message).toContain('not shown')
  })

  it('include an embedding model without a provider, beside all others', () => {
    const faults = faultsOf({ EMBEDDING_MODEL: 'text-embedding-3-small', PORT: 'x' })
    expect(faults).toHaveLength(2)
    expect(faults.join()).toMatch(/EMBEDDING_MODEL is "text-embedding-3-small".*OPENAI_API_KEY or OPENAI_BASE_URL/)
  })

  it('include a budget for a model whose price is not known: it would never be spent', () => {
    const env = { OPENAI_BASE_URL: 'http://localhost:11434/v1', CHAT_MODEL: 'llama', BUDGET_USD_PER_DAY: '5' }
    expect(faultsOf(env).join()).toMatch(/BUDGET_USD_PER_DAY is 5 .* "llama": add "llama=input\/output"/)
    expect(readConfig({ ...env, MODEL_PRICES: 'llama=0/0' }).budgetUsdPerDay).toBe(5)
    expect(readConfig({ CHAT_MODEL: 'llama', BUDGET_USD_PER_DAY: '5' }).provider).toBeNull()
  })

  it('include half a Slack app: one that cannot speak, and one that cannot hear', () => {
    expect(faultsOf({ SLACK_BOT_TOKEN: 'xoxb-1' }).join()).toMatch(/SLACK_SIGNING_SECRET .* or SLACK_APP_TOKEN/)
    expect(faultsOf({ SLACK_SIGNING_SECRET: 's', SLACK_APP_TOKEN: 'xapp-1', SLACK_CHANNELS: 'C1' })).toHaveLength(3)
    expect(faultsOf({ SLACK_HUMAN_CHANNEL: 'C1' }).join()).toMatch(/SLACK_HUMAN_CHANNEL is set but SLACK_BOT_TOKEN/)
  })

  it('include half a single sign-on: without a name there, or without anybody who is invited', () => {
    expect(faultsOf({ OIDC_ISSUER: 'https://accounts.example.com' })).toHaveLength(3)
    expect(faultsOf({ OIDC_ALLOW: '*', OIDC_CLIENT_ID: 'footnote' }).join()).toContain('OIDC_ISSUER is not')
    const whole = {
      OIDC_ISSUER: 'https://accounts.example.com',
      OIDC_CLIENT_ID: 'f',
      PUBLIC_URL: 'https://ask.example',
    }
    for (const allow of ['example.com', '@a.example b@c.example', 'a@b@c', '*,@a.example'])
      expect(faultsOf({ ...whole, OIDC_ALLOW: allow }).join()).toMatch(/^OIDC_ALLOW/)
    expect(readConfig({ ...whole, OIDC_ALLOW: '@Example.com,Ana@b.example' }).signOn).toMatchObject({
      allow: ['@example.com', 'ana@b.example'],
      scopes: ['ask'],
    })
  })

  it('include an issuer that would send accounts in the open', () => {
    const rest = { OIDC_CLIENT_ID: 'f', OIDC_ALLOW: '*', PUBLIC_URL: 'https://ask.example' }
    expect(faultsOf({ ...rest, OIDC_ISSUER: 'http://accounts.example.com' }).join()).toMatch(
      /^OIDC_ISSUER: .*is http, which only an issuer on this machine may be\. Expected/,
    )
    for (const issuer of ['http://localhost:8080/realms/a', 'http://127.0.0.1:9', 'http://[::1]:9'])
      expect(readConfig({ ...rest, OIDC_ISSUER: issuer }).signOn?.issuer).toBe(issuer)
  })

  it.each(['banana', 'http://127.0.0.1', '127.0.0.1:3000', '[::1]', '256.0.0.1'])(
    'include %j as an address',
    (host) => {
      expect(faultsOf({ HOST: host }).join()).toMatch(/^HOST: .* is no address\. Expected: address/)
    },
  )

  it('stand in the message, one a line', () => {
    const { message } = errorOf({ PORT: 'x', LOG_LEVEL: 'loud' })
    expect(message.split('\n')).toHaveLength(3)
  })
})

function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  return errorOf(env).faults
}

function errorOf(env: Readonly<Record<string, string>>): ConfigError {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('this configuration has no fault')
}
