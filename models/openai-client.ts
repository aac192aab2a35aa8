// The official client, opened so that nothing but our options decides what it does.
import { OpenAI } from 'openai'

export type ProviderOptions = {
  readonly apiKey: string
  /** null: OpenAI itself */
  readonly baseUrl: string | null
}

/** Whom a call goes to, for messages and for masking the key. */
export type Endpoint = {
  readonly host: string
  readonly model: string
  readonly apiKey: string
  /** OpenAI's newer models refuse the old name, many compatible servers do not know the new one */
  readonly limitName: 'max_completion_tokens' | 'max_tokens'
}

const openAiUrl = 'https://api.openai.com/v1'

// Retries belong to models/retry.ts alone (two layers multiply their calls), and the client would otherwise read
// OPENAI_BASE_URL, OPENAI_ORG_ID and others from the environment, and print provider messages to the console.
export function openClient({ apiKey, baseUrl }: ProviderOptions): OpenAI {
  return new OpenAI({
    apiKey,
    baseURL: baseUrl ?? openAiUrl,
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: 'off',
  })
}

/** The host alone: a base URL may hold a password. */
export function endpointOf({ apiKey, baseUrl }: ProviderOptions, model: string): Endpoint {
  const { host } = new URL(baseUrl ?? openAiUrl)
  const limitName = host === new URL(openAiUrl).host ? 'max_completion_tokens' : 'max_tokens'
  return { host, model, apiKey, limitName }
}
