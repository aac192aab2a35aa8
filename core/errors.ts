// Errors sorted by who must act. A message names the value found and the next step;
// only http/failure.ts turns one into a public body, and only main.ts into an exit code.

export class AppError extends Error {
  readonly code: string
  readonly retryable: boolean

  constructor(code: string, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.retryable = options.retryable ?? false
  }
}

/** The caller must change the request. `field` names what was wrong. */
export class InputError extends AppError {
  readonly field: string | null

  constructor(code: string, message: string, field: string | null = null) {
    super(code, message)
    this.field = field
  }
}

/** The caller asked for something that is not there. */
export class NotFoundError extends AppError {}

/** The operator must act before the start: every fault of the configuration at once. */
export class ConfigError extends AppError {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super('bad-configuration', `Configuration:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/** The database did not do what was asked. Those of an answer begin with `store-`: its last event has the code alone. */
export class StoreError extends AppError {}

export type ModelErrorCode =
  | 'model-timeout'
  | 'model-unavailable'
  | 'model-rate-limited'
  | 'model-quota-spent'
  | 'model-refused'
  /** the question with its passages is more than the model takes */
  | 'model-context-too-long'
  /** ours, not the provider's: the call was not made */
  | 'model-budget-spent'
  | 'model-cut-off'
  | 'model-bad-output'

/** The provider did not do what was asked. */
export class ModelError extends AppError {
  readonly retryAfterMs: number | null

  constructor(
    code: ModelErrorCode,
    message: string,
    options: { cause?: unknown; retryable?: boolean; retryAfterMs?: number } = {},
  ) {
    super(code, message, options)
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

/** One source could not be learned: reported by name, skipped, the rest goes on. */
export class SourceError extends AppError {
  readonly source: string

  constructor(code: string, source: string, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options)
    this.source = source
  }
}

/** More was asked than may be: by one (`isQuota`), or by all together. */
export class LimitError extends AppError {
  readonly isQuota: boolean
  readonly retryAfterMs: number

  constructor(code: string, message: string, { isQuota, retryAfterMs }: { isQuota: boolean; retryAfterMs: number }) {
    super(code, message, { retryable: true })
    this.isQuota = isQuota
    this.retryAfterMs = retryAfterMs
  }
}
